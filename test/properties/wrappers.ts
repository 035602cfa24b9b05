import { cType } from '../../server/src/emit/c/ctypes.ts';
import type { Program } from '../../server/src/ir/ir.ts';
import type { Callable } from '../support/random-policy-expressions.ts';
import type { Stored } from '../support/random-policy-state.ts';
import type { Side } from './agreement.ts';
import { CPUS } from './machine.ts';

const head = (
  text: string,
): string => `${text.includes('struct task_struct {') ? '' : '\nstruct task_struct {};\n'}
struct test_call {
	volatile u64 argument[8];
	u64 result;
};

struct task_struct___test {
	const struct cpumask *cpus_ptr;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
`;

/** What the functions of a side are tried by: its functions, what it keeps, and handlers without parameters. */
export interface Tried {
  readonly functions: readonly Callable[];
  readonly stored: readonly Stored[];
  readonly blocks: readonly string[];
}

/**
 * The C with a program for each of the functions: it reads the arguments from its context and writes the result there.
 * What the loader sets is set. The context is volatile: the verifier takes no pointer into it. Programs of tracepoints are within an RCU section.
 */
export function withWrappers(text: string, program: Program, side: Side, tried: Tried): string {
  const known = withoutOps(text).replace('pv_nr_cpus = 1024', `pv_nr_cpus = ${CPUS}`);
  const cpusOf = (task: string): string => `((struct task_struct___test *)${task})->cpus_ptr`;
  return `${known}${head(text)}\n${wrapperLines(text, program, side, tried, cpusOf)}`;
}

/** The programs alone; `cpusOf` gives the mask of a thread. */
export function wrapperLines(
  text: string,
  program: Program,
  side: Side,
  { functions, stored, blocks }: Tried,
  cpusOf: (task: string) => string,
): string {
  return [
    ...(hasVcpus(text) ? [tracker(text)] : []),
    ...functions.map(({ name }) => wrapper(text, program, side, name, cpusOf)),
    ...blocks.map((name) => blockWrapper(text, name)),
    ...stored.flatMap((one) => slotReader(text, one)),
  ].join('\n');
}

/**
 * Without what this machine's kernel need not have: the ops of a scheduler or driver, and what only they call. The CPUs that a
 * task may run on are online here.
 */
const withoutOps = (text: string): string =>
  text
    .replace(/^SEC\("\.struct_ops(?:\.link)?"\)\nstruct [^]*?^\};\n/m, '')
    .replaceAll('SEC("struct_ops', 'SEC("?struct_ops')
    .replaceAll(/^(extern .*\b(?:scx_bpf|bpf_iter_scx)_.*) __ksym;/gm, '$1 __ksym __weak;')
    .replaceAll('scx_bpf_get_online_cpumask();', 'p->cpus_ptr;')
    .replaceAll(/^\t+scx_bpf_put_cpumask\(online\);\n/gm, '');

const hasVcpus = (text: string): boolean => text.includes('} vcpus SEC(".maps")');

/** Targets keep vCPUs by thread or by its id. */
const byId = (text: string): boolean => text.includes('struct vcpu *pv_join(');

/** Runs a handler without parameters, by its family and number. */
function blockWrapper(text: string, name: string): string {
  const [, family = '', number = ''] = /^(\D+)(\d+)$/.exec(name) ?? [];
  const heads = text.matchAll(
    new RegExp(`^static (?:__always_inline )?void (on_${family}\\w*)\\(void\\)$`, 'gm'),
  );
  const found = [...heads][Number(number)]?.[1];
  if (found === undefined) throw new Error(`no handler ${name}`);
  return `
SEC("syscall")
int call_${name}(struct test_call *call)
{
	bpf_rcu_read_lock();
	${found}();
	bpf_rcu_read_unlock();
	call->result = 0;
	return 0;
}
`;
}

function wrapper(
  text: string,
  program: Program,
  side: Side,
  name: string,
  cpusOf: (task: string) => string,
): string {
  const fn = program[side]?.functions.find((candidate) => candidate.name === name);
  if (!fn) throw new Error(`no function ${name}`);
  const declared: string[] = [];
  const needed: string[] = [];
  const released: string[] = [];
  const thread = (i: number): string => {
    declared.push(`\tstruct task_struct *p${i} = bpf_task_from_pid(call->argument[${i}]);`);
    needed.push(`p${i}`);
    released.push(`\tif (p${i})\n\t\tbpf_task_release(p${i});`);
    return `p${i}`;
  };
  const args = fn.params.map(({ type }, i) => {
    switch (type.kind) {
      case 'bool':
        return `call->argument[${i}] != 0`;
      case 'task':
        return thread(i);
      case 'cpumask':
        return cpusOf(thread(i));
      case 'vcpu': {
        if (byId(text)) {
          declared.push(`\tstruct vcpu *v${i} = pv_vcpu_by_tid(call->argument[${i}]);`);
          needed.push(`v${i}`);
          return `v${i}`;
        }
        const task = thread(i);
        if (!hasVcpus(text)) return 'NULL';
        declared.push(
          `\tstruct vcpu *v${i} = ${task} ? bpf_task_storage_get(&vcpus, ${task}, NULL, 0) : NULL;`,
        );
        needed.push(`v${i}`);
        return `v${i}`;
      }
      default:
        return `(${cType(type)})call->argument[${i}]`;
    }
  });
  return [
    'SEC("syscall")',
    `int call_${name}(struct test_call *call)`,
    '{',
    ...declared,
    '',
    '\tbpf_rcu_read_lock();',
    ...(needed.length > 0 ? [`\tif (${needed.join(' && ')})`] : []),
    `\t\tcall->result = (u64)${name}(${args.join(', ')});`,
    '\tbpf_rcu_read_unlock();',
    ...released,
    '\treturn 0;',
    '}',
    '',
  ].join('\n');
}

/** Fills the ids that the struct of a vCPU has. */
function identityLines(text: string): string {
  const kept = /^struct vcpu \{([^}]*)\}/m.exec(text)?.[1] ?? '';
  const values = { tid: 'p->pid', tgid: 'p->tgid', id: 'call->argument[1]' };
  return Object.entries(values)
    .filter(([field]) => new RegExp(`\\bu32 ${field};`).test(kept))
    .map(([field, value]) => `\t\tv->${field} = ${value};\n`)
    .join('');
}

/** Makes a thread a vCPU, as its first entry of the guest would. */
const tracker = (text: string): string =>
  byId(text)
    ? `
SEC("syscall")
int call_track(struct test_call *call)
{
	pv_join(call->argument[0]);
	return 0;
}
`
    : `
SEC("syscall")
int call_track(struct test_call *call)
{
	struct task_struct *p = bpf_task_from_pid(call->argument[0]);
	struct vcpu *v;

	if (!p)
		return 0;
	v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (v) {
${identityLines(text)}${text.includes('void pv_add_to_vm(') ? '\t\tpv_add_to_vm(pv_vm_state(v->tgid), v->tid);\n' : ''}${text.includes('void pv_add_vm(') ? '\t\tpv_add_vm(v->tgid);\n' : ''}	}
	bpf_task_release(p);
	return 0;
}
`;

/** Reads a slot of a histogram, or behind the last the sum. */
function slotReader(text: string, { kind, name, owner }: Stored): string[] {
  const map = `${owner === '' ? 'global' : owner}_stats`;
  if (kind !== 'histogram' || !text.includes(`} ${map} SEC(".maps")`)) return [];
  return [
    `
SEC("syscall")
int slot_${name}(struct test_call *call)
{
	u64 at = call->argument[0];
	u32 key = call->argument[1];
	struct ${map} *s = bpf_map_lookup_elem(&${map}, &key);

	call->result = !s ? 0 : at < PV_SLOTS ? s->${name}.slot[at] : s->${name}.sum;
	return 0;
}
`,
  ];
}
