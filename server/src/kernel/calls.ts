import type { CallInfo, CallParam } from '../semantics/kernel-view.ts';
import { BOOL, CPU, INSTANT, VOID, optional, type Type } from '../semantics/types.ts';
import { CALLS, callRow, type CallRow } from './catalogue.ts';
import { renamedCall, todaysName, todaysRowName } from './renames.ts';
import { typeOfC } from './types-of.ts';

interface Prototype {
  readonly result: string;
  readonly args: readonly { readonly c: string; readonly name: string }[];
}

/** Takes a C prototype apart: 'bool f(struct task_struct *p, u64 slice)'. */
function prototype(signature: string): Prototype {
  const match = /^(.*?[\s*])(\w+)\((.*)\)$/.exec(signature);
  if (match === null) throw new Error(`not a prototype: ${signature}`);
  const [, result = '', , list = ''] = match;
  const args = list === 'void' ? [] : list.split(', ').map(argument);
  return { result: result.trim(), args };
}

function argument(text: string): { c: string; name: string } {
  const match = /^(.*?[\s*])(\w+)$/.exec(text);
  return match === null ? { c: text, name: '' } : { c: (match[1] ?? '').trim(), name: match[2] ?? '' };
}

const NO_CPU_IS_NEGATIVE: Type = optional(CPU);

/** Results that mean more than their C type. */
const RESULTS: Readonly<Record<string, Type>> = {
  scx_bpf_pick_idle_cpu: NO_CPU_IS_NEGATIVE,
  scx_bpf_pick_idle_cpu_node: NO_CPU_IS_NEGATIVE,
  scx_bpf_pick_any_cpu: NO_CPU_IS_NEGATIVE,
  scx_bpf_pick_any_cpu_node: NO_CPU_IS_NEGATIVE,
  scx_bpf_select_cpu_and: NO_CPU_IS_NEGATIVE,
  scx_bpf_select_cpu_dfl: { kind: 'tuple', items: [CPU, BOOL] },
  scx_bpf_task_cpu: CPU,
  bpf_get_smp_processor_id: CPU,
  bpf_ktime_get_ns: INSTANT,
  scx_bpf_now: INSTANT,
  // Kernels before 6.19 answer nothing.
  scx_bpf_dsq_insert_vtime: VOID,
  scx_bpf_reenqueue_local: VOID,
  scx_bpf_task_set_slice: VOID,
  scx_bpf_task_set_dsq_vtime: VOID,
};

const REGIONS = 'the compiler opens and closes such regions itself';
const ORDERED = 'policies have no lists and trees of their own; use a DSQ or a `list` in state';
const CPUMASKS =
  'policies work on cpumasks with operators: `a & b`, `.first`, `.any`, `.has(c)`, `.empty`, `.count`';
const STRINGS = 'policies have no buffers; write `log`';
const CID_FORM = 'it belongs to the cid form of sched_ext, to which policies are not compiled';
const SUBS = 'it belongs to sub-schedulers, to which policies are not compiled';
const REFERENCES = 'the compiler takes and releases references itself';
const ITERATORS = 'write a `for` loop';

/** Calls that a policy may not write although their arguments might fit, by the start of their name, with the reason. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^bpf_(rcu_read|preempt|local_irq|spin|res_spin)_/, REGIONS],
  [/^bpf_(list|rbtree|obj|percpu_obj|refcount)_/, ORDERED],
  [/^bpf_cpumask_(?!test_cpu$|empty$|weight$|intersects$|subset$|equal$|full$)/, CPUMASKS],
  [/^scx_bpf_(dump|error|exit)_bstr$/, STRINGS],
  [/^bpf_(trace_v?printk|str|stream|get_current_comm)/, STRINGS],
  [/^scx_bpf_.*(cid|cmask)/, CID_FORM],
  [/^scx_bpf_(nr_cids|nr_online_cids|tid_to_task)$/, CID_FORM],
  [/^scx_bpf_sub_/, SUBS],
  [/^scx_bpf_put_|^bpf_(task|cgroup)_(acquire|release)$/, REFERENCES],
  [/^bpf_iter_/, ITERATORS],
  [/^bpf_(loop|for_each_map_elem)$/, ITERATORS],
  [/^bpf_wq_/, 'policies have no work queues of their own; write `defer` before an action'],
  [/^bpf_timer_/, 'policies have no timers of their own; write `every 10ms { … }`'],
  [/^bpf_task_work_/, 'policies have no task works of their own; write `defer` before an action'],
  [
    /^bpf_(map|task_storage|cgrp_storage)_|^bpf_kptr_xchg$/,
    'maps belong to the compiler; declare `state` or a `table`',
  ],
  [
    /^bpf_(user_)?ringbuf_|^bpf_perf_event_output$/,
    'buffers belong to the compiler; write `log` or an action',
  ],
  [/^bpf_get_current_task$/, 'it gives a bare number; write `current()`'],
  [
    /^bpf_(throw|__bpf_trap)$|^__bpf_trap$|^bpf_tail_call$/,
    'it ends the program, which the compiler does not expect',
  ],
  [
    /^scx_bpf_cpu_rq$/,
    'its pointer is protected by nothing and 7.3 has removed it; use scx_bpf_cpu_curr(cpu)',
  ],
  [/^scx_bpf_locked_rq$/, 'policies have no value for a run queue'],
  [/^bpf_(dynptr_|(probe_read|copy_from_user)_\w*dynptr$)/, 'policies have no buffers'],
  [/^bpf_modify_return_test_tp$/, "it is there for the kernel's own tests"],
  [/^scx_bpf_events$/, 'policies have no buffers; read the counters in /sys/kernel/sched_ext'],
];

/** Structs that a policy can have a pointer to: from hooks, fields and other calls. */
const STRUCTS_OF_POLICIES = new Set(['cgroup', 'kvm_vcpu', 'kvm', 'mm_struct', 'scx_exit_info']);

function refusal(row: CallRow, params: readonly CallParam[], result: Type, c: Prototype): string | undefined {
  if (row.class === 'internal') return 'it is a function of the kernel that no BPF program can call';
  const refused = REFUSED.find(([pattern]) => pattern.test(row.name));
  if (refused !== undefined) return refused[1];
  const strange = params.find(({ type }) => type.kind === 'error' || unknownStruct(type));
  if (strange !== undefined) {
    const spelled = c.args.find(({ name }) => name === strange.name)?.c ?? '?';
    return `a policy has no value for its argument \`${strange.name}\` (${spelled})`;
  }
  if (result.kind === 'error' || unknownStruct(result))
    return `a policy has no use for its result (${c.result})`;
  return undefined;
}

const unknownStruct = (type: Type): boolean =>
  type.kind === 'optional'
    ? unknownStruct(type.inner)
    : type.kind === 'struct' && !STRUCTS_OF_POLICIES.has(type.name);

function resultOf(row: CallRow, c: Prototype): Type {
  const special = RESULTS[row.name];
  if (special !== undefined) return special;
  const type = typeOfC(c.result, '', row.name) ?? { kind: 'error' };
  return row.flags?.includes('ret_null') && type.kind !== 'error' ? optional(type) : type;
}

function paramsOf(row: CallRow, c: Prototype): CallParam[] {
  return (
    c.args
      // The queue's iterator is that of the `for t in DSQ` around the call.
      .filter(({ name }) => name !== 'it__iter')
      .map(({ c: spelled, name }) => {
        if (spelled === 'bool *') return { name, type: BOOL, out: true };
        return { name, type: typeOfC(spelled, name, row.name) ?? { kind: 'error' }, out: false };
      })
  );
}

/** What a policy sees of the call `name` (any of its spellings); undefined where the catalogue has no such call. */
export function callInfo(name: string): CallInfo | undefined {
  const renamed = renamedCall(name);
  const row = callRow(renamed === undefined ? name : todaysRowName(renamed));
  return row && callInfoOfRow(row, name);
}

/** The same of a row, which need not be of the catalogue. */
export function callInfoOfRow(row: CallRow, name = row.name): CallInfo {
  const c = prototype(row.signature);
  const params = paramsOf(row, c);
  const result = resultOf(row, c);
  const reason = refusal(row, params, result, c);
  return {
    name,
    class: row.class === 'helper' ? 'helper' : 'kfunc',
    params,
    result,
    signature: row.signature,
    renamedTo: todaysName(name),
    usable: reason === undefined ? true : { reason },
    doc: row.doc ?? row.note ?? '',
  };
}

/** Today's name of every call that the catalogue knows, in the order of the catalogue. */
export const callNames: readonly string[] = CALLS.filter(
  (row) => row.class !== 'internal' && todaysName(row.name) === undefined,
).map((row) => row.name);

/** What releases the reference that a call gives; undefined where it gives none. */
export function releaseOf(name: string): string | undefined {
  const row = callRow(name);
  if (!row?.flags?.includes('acquire')) return undefined;
  if (/idle_(cpumask|smtmask)/.test(name)) return 'scx_bpf_put_idle_cpumask';
  if (/^scx_bpf_get_.*cpumask/.test(name)) return 'scx_bpf_put_cpumask';
  if (/^struct task_struct \*/.test(row.signature)) return 'bpf_task_release';
  if (/^struct cgroup \*/.test(row.signature)) return 'bpf_cgroup_release';
  return undefined;
}
