import { readFileSync } from 'node:fs';
import type { IrType, Program } from '../../server/src/ir/ir.ts';
import { callRow, CONSTANTS, hookRow } from '../../server/src/kernel/catalogue.ts';
import { renamedCall } from '../../server/src/kernel/renames.ts';
import { CPUS } from './machine.ts';
import {
  argumentLine,
  argumentStruct,
  GROUPS,
  opsOf,
  ownStructs,
  withoutStructs,
  type Op,
} from './ops-structs.ts';
import { wrapperLines, type Tried } from './wrappers.ts';

/** Which of the kernel's functions there are: what renamed ones are called by. `only`: the policy is for no other kernels. */
export const FORMS = ['new', 'v1', 'old', 'only'] as const;
export type Form = (typeof FORMS)[number];

/** What a kernel function of sched_ext gives back: made of a number, in C here and by `answered()` for the executor. */
export type Result = 'none' | 'bool' | 'cpu' | 'cpu?' | 'count' | 'mask' | 'group';

/** The functions that policies here call, each call of which is written down and answered. */
export const ANSWERED: Readonly<Record<string, Result>> = {
  scx_bpf_dsq_insert: 'bool',
  scx_bpf_dsq_insert_vtime: 'none',
  scx_bpf_dsq_move_to_local: 'bool',
  scx_bpf_dsq_move: 'bool',
  scx_bpf_dsq_move_vtime: 'bool',
  scx_bpf_dsq_move_set_slice: 'none',
  scx_bpf_dsq_move_set_vtime: 'none',
  scx_bpf_dsq_nr_queued: 'count',
  scx_bpf_dispatch_nr_slots: 'count',
  scx_bpf_dispatch_cancel: 'none',
  scx_bpf_reenqueue_local: 'none',
  scx_bpf_kick_cpu: 'none',
  scx_bpf_select_cpu_dfl: 'cpu',
  scx_bpf_pick_idle_cpu: 'cpu?',
  scx_bpf_pick_any_cpu: 'cpu?',
  scx_bpf_test_and_clear_cpu_idle: 'bool',
  scx_bpf_get_idle_cpumask: 'mask',
  scx_bpf_get_idle_smtmask: 'mask',
  scx_bpf_task_cpu: 'cpu',
  scx_bpf_task_running: 'bool',
  scx_bpf_cpuperf_cap: 'count',
  scx_bpf_cpuperf_cur: 'count',
  scx_bpf_cpuperf_set: 'none',
  scx_bpf_nr_cpu_ids: 'count',
  scx_bpf_task_cgroup: 'group',
  bpf_iter_scx_dsq_new: 'count',
};

/**
 * Functions that change nothing. In which order they are asked does not matter between two calls that do: they are not written down, and their
 * answer is made of what they are asked and of how many calls there were before.
 */
export const ASKED: ReadonlySet<string> = new Set([
  ...Object.keys(ANSWERED).filter((name) => typeof callRow(name)?.asks === 'string'),
  'bpf_iter_scx_dsq_new',
]);

/** By what a question becomes a number (Knuth's multiplier): one, and what it is about, one after the other. */
export const MIX = 0x9e3779b97f4a7c15n;

/**
 * What calls are written down as, by their numbers. First what is none of the policy's own: a request to the agent, a part of
 * a line of `log`, a queue that is made, a timer that is started, and what the loader learns of an exit.
 */
export const MADE: readonly string[] = ['request', 'log', 'queue', 'timer', 'exit', ...Object.keys(ANSWERED)];

/** A line of `log` is written down as so many calls at most, of so many bytes each. */
export const LOG_PARTS = 3;
export const LOG_BYTES = 40;

/** Most calls that are written down of one operation. */
export const MOST_MADE = 64;
export const ANSWERS = 32;

/** A parameter of a kernel function, by which the call is written down: what C keeps for itself is none. */
export interface MadeParam {
  readonly name: string;
  readonly c: string;
}

export function madeParams(name: string): readonly MadeParam[] {
  if (name === 'bpf_iter_scx_dsq_new') return [{ name: 'dsq_id', c: 'u64' }];
  const signature = callRow(name)?.signature;
  if (signature === undefined) throw new Error(`no prototype for ${name}`);
  return paramsOf(signature).filter(({ c }) => c !== 'bool *' && c !== 'struct bpf_iter_scx_dsq *');
}

function paramsOf(prototype: string): MadeParam[] {
  const list = /\(([^)]*)\)/.exec(prototype)?.[1] ?? '';
  return list
    .split(',')
    .map((text) => /^\s*(.*?)(\w+)\s*$/.exec(text.replace(/\s+/g, ' ')))
    .flatMap((found) =>
      found?.[1]
        ? [
            {
              c: found[1].trim().replace('const struct task_struct', 'struct task_struct'),
              name: found[2] ?? '',
            },
          ]
        : [],
    );
}

/**
 * The C of a scheduler for a kernel that has no sched_ext, or another. The text of the operations is the emitter's, all but
 * `p->cpus_ptr`. In its place stand:
 * - threads (`struct task_struct`): the machine's, as values with fields that the test sets. Their masks of CPUs and their task
 *   storage are those of real threads;
 * - cgroups, and the structs that operations are given;
 * - kernel functions of sched_ext, in whichever `form` a kernel has them: each writes down that it was called, and with what, and gives
 *   an answer from a list;
 * - the clock, the CPU and the current thread: what the test says; timers, which never fire; and what `log` prints to;
 * - enumerators of sched_ext: numbers, which clang knows nothing of either.
 * What only attached programs need is not loaded.
 */
export function standIns(text: string, form: Form): string {
  const structs = new Map(
    [...text.matchAll(/^struct (\w+_args) \{\n([^}]*)\};/gm)].map(([, name = '', body = '']) => [name, body]),
  );
  return withoutStructs(text)
    .replace(/^SEC\("\.struct_ops(?:\.link)?"\)\nstruct [^]*?^\};\n/m, '')
    .replaceAll(/SEC\("(struct_ops|tp_btf)/g, 'SEC("?$1')
    .replace('pv_nr_cpus = 1024', `pv_nr_cpus = ${CPUS}`)
    .replace(/^\/\* Parts of the kernel that/m, `struct cpumask;\nstruct signal_struct;\n\n${ownStructs()}$&`)
    .replaceAll(/^extern .*\b(?:bpf_task_from_pid|bpf_(?:task|cgroup)_release|bpf_cgroup_ancestor|bpf_iter_num_\w+)\(.*\n/gm, '')
    .replaceAll(/^struct bpf_iter_num \{[^}]*\}.*;\n/gm, '')
    .replaceAll(
      /^#define (SCX_\w+) .*bpf_core_enum_value.*$/gm,
      (_, name: string) => `#define ${name} test_hidden(${constant(name)}ULL)`,
    )
    .replaceAll(/bpf_ksym_exists\((\w*scx_\w+)\)/g, (_, name: string) => String(has(name, form)))
    .replaceAll(/([\w]+(?:\(\))?)->cpus_ptr/g, 'test_cpus_ptr($1)')
    .replace(/^(?:struct bpf_iter_scx_dsq \{|extern )/m, (first) => `${MACHINE}\n${first}`)
    .replaceAll(/^(?:extern )?([\w \t]+?[ *])((?:__)?(?:scx_bpf|bpf_iter_scx_dsq)_\w+)(\([^;]*\)) __ksym(?: __weak)?;$/gm,
      (_, result: string, name: string, params: string) => standIn(result, name, params, structs),
    ); // prettier-ignore
}

/** Numbers that sched_ext gives enumerators; where kernels differ, those of 7.0 (include/linux/sched/ext.h, BTF). */
export function constant(name: string): bigint {
  const differs: Readonly<Record<string, bigint>> = {
    SCX_ENQ_HEAD: 1n << 4n,
    SCX_ENQ_CPU_SELECTED: 1n << 10n,
  };
  return differs[name] ?? BigInt(CONSTANTS.find((row) => row.name === name)?.value ?? 0);
}

const has = (name: string, form: Form): boolean =>
  name.endsWith('___old')
    ? form === 'old'
    : name.endsWith('___v1')
      ? form !== 'old'
      : form === 'new' || form === 'only';

/** Today's name of a function: libbpf takes off what follows three underlines. */
const canonical = (name: string): string => {
  const plain = name.replace(/___\w+$/, '');
  return renamedCall(plain)?.name ?? plain;
};

/** The function in place of the kernel's. */
function standIn(result: string, name: string, params: string, structs: ReadonlyMap<string, string>): string {
  const head = `static __noinline __maybe_unused ${result}${name}${params}`;
  const today = canonical(name);
  const kept = KEPT[today];
  const lines = kept ?? writtenDown(today, result, paramsOf(params), structs);
  return [head, '{', ...lines.map((line) => `\t${line}`), '}', ''].join('\n');
}

/** Functions whose calls are not written down: what they change is looked at, or they change nothing. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  scx_bpf_now: ['return test_clock;'],
  scx_bpf_create_dsq: [
    `test_next.which = ${MADE.indexOf('queue')};`,
    'test_next.argument[0] = dsq_id;',
    'return test_made() % 8 ? 0 : -12;',
  ],
  // Thread 1 may run wherever this process may: on all CPUs.
  scx_bpf_get_online_cpumask: ['return test_cpus_ptr(&test_tasks[1]);'],
  scx_bpf_put_cpumask: [],
  scx_bpf_put_idle_cpumask: [],
  scx_bpf_task_set_slice: ['p->scx.slice = slice;', 'return true;'],
  scx_bpf_task_set_dsq_vtime: ['p->scx.dsq_vtime = vtime;', 'return true;'],
  bpf_iter_scx_dsq_next: [
    'int *n = bpf_iter_num_next((struct bpf_iter_num *)it);',
    '',
    'return n ? test_thread(it->opaque[1] + *n) : NULL;',
  ],
  bpf_iter_scx_dsq_destroy: ['bpf_iter_num_destroy((struct bpf_iter_num *)it);'],
};

function writtenDown(
  name: string,
  result: string,
  own: readonly MadeParam[],
  structs: ReadonlyMap<string, string>,
): string[] {
  const kind = ANSWERED[name];
  if (kind === undefined) throw new Error(`nothing stands in for ${name}`);
  const values = new Map(own.flatMap((param) => valuesOf(param, structs)));
  const params = madeParams(name);
  const args = params.map((param, i) => {
    const value = values.get(param.name) ?? [...values.values()][i];
    if (value === undefined) throw new Error(`${name} has no ${param.name}`);
    return `test_next.argument[${i}] = ${value};`;
  });
  const out = own.find(({ c }) => c === 'bool *');
  return [
    'u64 answer;',
    '',
    `test_next.which = ${MADE.indexOf(name)};`,
    ...args,
    ASKED.has(name) ? `answer = test_asked(${params.length});` : 'answer = test_made();',
    ...(out === undefined ? [] : [`*${out.name} = answer >> 32 & 1;`]),
    ...(name === 'bpf_iter_scx_dsq_new'
      ? [
          'it->opaque[1] = answer;',
          'return bpf_iter_num_new((struct bpf_iter_num *)it, 0, answer >> 32 & 3);',
        ]
      : result.trim() === 'void'
        ? ['(void)answer;']
        : [`return ${GIVEN[kind === 'none' ? 'bool' : kind]};`]),
  ];
}

/** What a parameter is written down as, by name; the members of a struct of arguments. */
function valuesOf({ name, c }: MadeParam, structs: ReadonlyMap<string, string>): [string, string][] {
  const members = structs.get(/^struct (\w+_args) \*$/.exec(c)?.[1] ?? '');
  if (members !== undefined)
    return [...members.matchAll(/(\w+);/g)].map(([, member = '']) => [member, `${name}->${member}`]);
  if (c === 'struct task_struct *') return [[name, `${name}->test_index`]];
  if (c === 'const struct cpumask *') return [[name, `((const struct cpumask___test *)${name})->bits[0]`]];
  return c.endsWith('*') ? [] : [[name, name]];
}

/** The answer, of a number: as `answered()` makes it of the same. */
const GIVEN: Readonly<Record<Exclude<Result, 'none'>, string>> = {
  bool: 'answer & 1',
  cpu: `answer % ${CPUS}`,
  'cpu?': `answer % ${CPUS + 1} < ${CPUS} ? (s32)(answer % ${CPUS + 1}) : -16`,
  count: 'answer % 5',
  mask: 'test_cpus_ptr(test_thread(answer))',
  group: `&test_groups[answer & ${GROUPS - 1}]`,
};

/** What operations find: threads, a clock, a CPU; and what writes down their calls. */
const MACHINE = [
  `#define TEST_CALLS ${MOST_MADE}`,
  `#define TEST_ANSWERS ${ANSWERS}`,
  `#define TEST_MIX ${MIX}ULL`,
  ...['log', 'timer', 'exit'].map((name) => `#define TEST_${name.toUpperCase()} ${MADE.indexOf(name)}`),
  `#define TEST_LOG_PARTS ${LOG_PARTS}`,
  `#define TEST_GROUPS ${GROUPS}`,
  readFileSync(new URL('ops.bpf.h', import.meta.url), 'utf8'),
].join('\n');

/** The C with a program for each operation, function and reader, and for what the test sets and looks at. */
export function withOps(text: string, program: Program, tried: Tried, form: Form): string {
  return [
    standIns(text, form),
    LOST,
    wrapperLines(text, program, 'host', tried, (task) => `test_cpus_ptr(${task})`),
    ...opsOf(program).map((op) => opWrapper(program, op)),
  ].join('\n');
}

/** Whether state was lost for want of room: it never is. */
const LOST = `
SEC("syscall")
int call_lost(struct test_call *call)
{
	call->result = pv_health.states_lost;
	return 0;
}
`;

/** Where the clock, the current thread and the CPU stand among the arguments of an operation. */
export const AROUND = 5;

/** Runs the body of an operation: the function that BPF_PROG() makes of it. */
function opWrapper({ name: policy }: Program, { name, params }: Op): string {
  const row = hookRow('op', name);
  if (row === undefined) throw new Error(`no such operation: ${name}`);
  const declared: string[] = [];
  const needed: string[] = [];
  const args = (name === 'exit' ? [EXIT_INFO] : params.map(({ type }) => type)).map((type, i): string => {
    const thread = (): string => {
      declared.push(`\tstruct task_struct *p${i} = test_task(call->argument[${i}]);`);
      return `p${i}`;
    };
    const there = (): string => {
      needed.push(thread());
      return `p${i}`;
    };
    const made = (struct: string): string => {
      declared.push(argumentLine(struct, `s${i}`, `call->argument[${i}]`));
      return `&s${i}`;
    };
    return argument(type, row.params[i]?.[1] ?? 'u64', i, { thread, there, made });
  });
  const call = `____${policy}_${name}(${['(void *)call', ...args].join(', ')})`;
  const done = row.ret === undefined || row.ret === 'void' ? `${call};` : `call->result = (u64)${call};`;
  // The kernel calls those two in a program that may sleep, within no RCU section.
  const sleeps = name === 'init' || name === 'exit';
  return [
    'SEC("syscall")',
    `int call_op_${name}(struct test_call *call)`,
    '{',
    ...declared,
    '',
    `\ttest_clock = call->argument[${AROUND}];`,
    `\ttest_current = call->argument[${AROUND + 1}];`,
    `\ttest_cpu = call->argument[${AROUND + 2}];`,
    '\tcall->result = 0;',
    ...(sleeps ? [] : ['\tbpf_rcu_read_lock();']),
    ...(needed.length > 0 ? [`\tif (${needed.join(' && ')})`] : []),
    `\t\t${done}`,
    ...(sleeps ? [] : ['\tbpf_rcu_read_unlock();']),
    ...(name === 'exit' ? ['\ttest_exited(&pv_exit);'] : []),
    '\treturn 0;',
    '}',
    '',
  ].join('\n');
}

const EXIT_INFO: IrType = { kind: 'struct', name: 'scx_exit_info' };

/** How arguments are had: a thread that may be none, one that must be there, a struct that is made of a number. */
interface Had {
  readonly thread: () => string;
  readonly there: () => string;
  readonly made: (struct: string) => string;
}

function argument(type: IrType, c: string, i: number, { thread, there, made }: Had): string {
  if (type.kind === 'task') return there();
  if (type.kind === 'cpumask') return `test_cpus_ptr(${there()})`;
  if (type.kind === 'optional' && type.inner.kind === 'task') return thread();
  if (c === 'struct cgroup *') return `&test_groups[call->argument[${i}] & ${GROUPS - 1}]`;
  const struct = argumentStruct(type);
  if (struct !== undefined) return made(struct);
  return c.endsWith('*') ? 'NULL' : `(${c})call->argument[${i}]`;
}
