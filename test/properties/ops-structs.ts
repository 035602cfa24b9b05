import type { Value } from '../../server/src/emit/executor/host.ts';
import { kernelStructs } from '../../server/src/emit/c/kernel-structs.ts';
import type { Handler, IrType, Program } from '../../server/src/ir/ir.ts';
import { STRUCTS } from '../../server/src/kernel/catalogue.ts';

/** Cgroups that there are: each is as deep as its number. */
export const GROUPS = 4;

/** Fields of threads that policies here read, as the kernel's structs have them. */
const OF_THREADS = [
  ['pid'], ['tgid'], ['comm'], ['flags'], ['nr_cpus_allowed'], ['migration_disabled'], ['cpus_ptr'],
  ['scx', 'slice'], ['scx', 'dsq_vtime'], ['scx', 'weight'], ['thread_info', 'cpu'], ['signal', 'live'],
] as const; // prettier-ignore

/** Structs that operations are given once, with all that policies can read of them; each is made of a number. */
const ARGUMENTS = ['scx_init_task_args', 'scx_exit_task_args', 'scx_cgroup_init_args', 'scx_exit_info'];

/** Why a scheduler goes, which policies do not see: what its loader is told. */
export const REASON = 'unregistered from user space';
export const MESSAGE = 'bye';

const NAMES = ['task_struct', 'sched_ext_entity', 'thread_info', 'cgroup', ...ARGUMENTS].join('|');

/** Structs whose values stand for the kernel's. */
const OURS = new RegExp(`^struct (?:${NAMES}) \\{[^]*?\\}[^;]*;\\n\\n?`, 'gm');

/** The text without the kernel's structs, of which `ownStructs()` has our own. */
export const withoutStructs = (text: string): string =>
  text
    .replaceAll(new RegExp(`^struct (?:${NAMES}) \\{\\};\\n`, 'gm'), '')
    .replaceAll(OURS, '')
    .replaceAll('volatile enum scx_exit_kind', 'int');

/** Threads, cgroups and arguments as values of the program's own, laid out by the emitter and reached by the very same expressions. */
export function ownStructs(): string {
  const structs = kernelStructs();
  for (const path of OF_THREADS) structs.use('task_struct', path);
  structs.use('cgroup', ['level']);
  for (const name of ARGUMENTS) for (const field of fieldsOf(name)) structs.use(name, [field.name]);
  for (const field of ['reason', 'msg']) structs.use('scx_exit_info', [field]);
  const text = structs.declarations().join('\n').match(OURS)?.join('') ?? '';
  return text
    .replaceAll(' __attribute__((preserve_access_index))', '')
    .replaceAll('volatile enum scx_exit_kind', 'int')
    .replace('struct task_struct {', 'struct task_struct {\n\tu64 test_index;\n\tint test_tid;');
}

const fieldsOf = (struct: string): (typeof STRUCTS)[string] => STRUCTS[struct] ?? [];

/** Of each field so many bits of the number, one after the other. */
const BITS = 12n;

const maskOf = (type: string): bigint =>
  type === 'bool' ? 1n : type === 'struct:cgroup' ? BigInt(GROUPS - 1) : (1n << BITS) - 1n;

/** A field of the struct that `number` makes, as the executor has it; of a cgroup that is its depth too. */
export function argumentField(struct: string, field: string, number: bigint): Value {
  const at = fieldsOf(struct).findIndex(({ name }) => name === field);
  const type = fieldsOf(struct)[at]?.type ?? '';
  const value = Number((number >> (BITS * BigInt(at))) & maskOf(type));
  return type === 'bool' ? value === 1 : value;
}

/** The same in C: the declaration of a struct that `number` makes. */
export function argumentLine(struct: string, variable: string, number: string): string {
  const members = fieldsOf(struct).map(({ name, type }, i) => {
    const bits = `${number} >> ${BITS * BigInt(i)} & ${maskOf(type)}`;
    return `.${name} = ${type === 'struct:cgroup' ? `&test_groups[${bits}]` : bits}`;
  });
  const texts = struct === 'scx_exit_info' ? [`.reason = "${REASON}"`, `.msg = "${MESSAGE}"`] : [];
  return `\tstruct ${struct} ${variable} = { ${[...members, ...texts].join(', ')} };`;
}

/** The struct of an argument that is made of a number; undefined for other types. */
export const argumentStruct = (type: IrType | undefined): string | undefined =>
  type?.kind === 'struct' && ARGUMENTS.includes(type.name) ? type.name : undefined;

/** An operation of a scheduler. `init` and `exit` each has, with what the policy says beside what the compiler does. */
export type Op = Pick<Handler, 'params'> & { readonly name: string };

/** Operations that are tried of a policy. */
export function opsOf({ host }: Program): readonly Op[] {
  const own = host.handlers
    .filter(({ hook }) => hook.family === 'op')
    .map(({ hook, params }) => ({ name: hook.name, params }));
  const others = ['init', 'exit'].filter((name) => !own.some((op) => op.name === name));
  return [...own, ...others.map((name) => ({ name, params: [] }))];
}
