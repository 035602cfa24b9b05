import type { Handler } from '../../ir/ir.ts';
import type { Shape } from './handlers.ts';
import { kfunc } from './kfuncs.ts';
import { generated, type Line } from './printer.ts';
import { keepsVcpusByTid } from './state-maps.ts';
import { stateFields } from './state.ts';
import type { Unit } from './unit.ts';

/** Tracepoints that the thread of a vCPU passes by, with the vCPU as their first argument. */
const MOMENTS: readonly string[] = ['kvm_entry', 'kvm_exit'];

/**
 * A handler of such a tracepoint finds its own vCPU itself, from the first time on: a program that does it for all may
 * run after this one.
 */
export function selfOf(unit: Unit, { hook, params }: Handler): Pick<Shape, 'self'> {
  if (unit.program.target === 'pvsched' || params.length === 0 || !MOMENTS.includes(hook.name)) return {};
  return {
    self: { name: 'pv_self', first: (used, [kvcpu = '']) => trackHere(unit, hook.name, used, kvcpu) },
  };
}

function trackHere(unit: Unit, moment: string, used: boolean, kvcpu: string): readonly string[] {
  if (!unit.features.has('vcpus')) return [];
  unit.tracked.add(moment);
  return [`${used ? 'struct vcpu *pv_self = ' : ''}pv_track(${kvcpu});`];
}

/** Programs that find out which threads are vCPUs: KVM tells when one enters or leaves its guest. */
export function trackingLines(unit: Unit): Line[] {
  if (!unit.features.has('vcpus')) return [];
  const { identity } = unit;
  if (identity.has('id')) unit.structs.use('kvm_vcpu', ['vcpu_id']);
  unit.structs.mention('kvm_vcpu');
  unit.structs.mention('task_struct');
  kfunc(unit, 'bpf_task_from_pid');
  kfunc(unit, 'bpf_task_release');
  const lists = listsVcpus(unit);
  const byTid = keepsVcpusByTid(unit);
  const known = byTid ? 'pv_vcpu_by_tid(p->pid)' : 'bpf_task_storage_get(&vcpus, p, NULL, 0)';
  const numbered = identity.has('id');
  // The policy's own handlers are printed before it is known what else they ask of a vCPU.
  const takes = numbered || unit.tracked.size > 0;
  return generated(
    `static ${lists.length > 0 ? '__noinline' : '__always_inline'} struct vcpu *pv_new_vcpu(struct task_struct *p${numbered ? ', u32 id' : ''})`,
    '{',
    ...(byTid
      ? [
          '\tu32 tid = p->pid;',
          '\tstruct vcpu *v;',
          '',
          '\tbpf_map_update_elem(&vcpus, &tid, &pv_zero_vcpu, BPF_NOEXIST);',
          '\tv = pv_vcpu_by_tid(tid);',
        ]
      : ['\tstruct vcpu *v = bpf_task_storage_get(&vcpus, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);', '']),
    '\tif (!v) {',
    '\t\t__sync_fetch_and_add(&pv_health.states_lost, 1);',
    '\t\treturn NULL;',
    '\t}',
    ...(identity.has('tid') ? ['\tv->tid = p->pid;'] : []),
    ...(identity.has('tgid') ? ['\tv->tgid = p->tgid;'] : []),
    ...(numbered ? ['\tv->id = id;'] : []),
    ...lists.map((line) => `\t${line}`),
    '\treturn v;',
    '}',
    '',
    '/* The vCPU of this thread: one from its first KVM entry or exit on, if the loader did not find it before. */',
    `static __always_inline struct vcpu *pv_track(${takes ? 'struct kvm_vcpu *kvcpu' : 'void'})`,
    '{',
    '\tstruct task_struct *p = bpf_get_current_task_btf();',
    `\tstruct vcpu *v = ${known};`,
    '',
    numbered
      ? '\treturn v || !kvcpu ? v : pv_new_vcpu(p, kvcpu->vcpu_id);'
      : '\treturn v ? v : pv_new_vcpu(p);',
    '}',
    '',
    '/* The loader runs it for each vCPU that it finds. */',
    'SEC("syscall")',
    'int pv_meet_vcpu(struct pv_meeting *ctx)',
    '{',
    '\tstruct task_struct *p = bpf_task_from_pid(ctx->tid);',
    '',
    '\tif (!p)',
    '\t\treturn 0;',
    `\tif (!${known})`,
    `\t\tpv_new_vcpu(p${numbered ? ', ctx->number' : ''});`,
    '\tbpf_task_release(p);',
    '\treturn 0;',
    '}',
    '',
    ...MOMENTS.flatMap((name) =>
      unit.tracked.has(name)
        ? []
        : [
            `SEC("tp_btf/${name}")`,
            `int BPF_PROG(pv_${name}, struct kvm_vcpu *kvcpu)`,
            '{',
            `\tpv_track(${takes ? 'kvcpu' : ''});`,
            '\treturn 0;',
            '}',
            '',
          ],
    ),
  );
}

/** Must the driver number the vCPUs of a VM itself? The patches do not say which number KVM gave them. */
export const countsVcpus = ({ program, identity }: Unit): boolean =>
  program.target === 'pvsched' && identity.has('id');

/** Enters the new vCPU `v` in the lists that loops walk. */
export function listsVcpus({ features }: Unit): string[] {
  return [
    ...(features.has('vm-vcpus') ? ['pv_add_to_vm(pv_vm_state(v->tgid), v->tid);'] : []),
    ...(features.has('vms') ? ['pv_add_vm(v->tgid);'] : []),
  ];
}

/** What has to be forgotten when a thread goes, and when a process does. */
function forgotten(unit: Unit): { readonly thread: string[]; readonly process: string[] } {
  const { features } = unit;
  const pvsched = unit.program.target === 'pvsched';
  const ofVms = features.has('state vm') || features.has('vms');
  return {
    thread: [
      ...(features.has('vm-vcpus') && !pvsched
        ? ['m = bpf_map_lookup_elem(&vms, &tgid);', 'if (m && pv_vcpu_of(p))', '\tpv_remove_from_vm(m, tid);']
        : []),
      ...(features.has('state task') && pvsched ? ['bpf_map_delete_elem(&tasks, &tid);'] : []),
      // The thread is still to switch away, and a hook that finds a vCPU there would make the state of its VM anew.
      ...(ofVms && !keepsVcpusByTid(unit) ? ['bpf_task_storage_delete(&vcpus, p);'] : []),
      ...(features.has('vcpus') && !pvsched && keepsVcpusByTid(unit)
        ? ['bpf_map_delete_elem(&vcpus, &tid);']
        : []),
    ],
    process: [
      ...(features.has('state vm') ? ['bpf_map_delete_elem(&vms, &tgid);'] : []),
      ...(features.has('vms') ? ['pv_remove_vm(tgid);'] : []),
      ...(countsVcpus(unit) ? ['bpf_map_delete_elem(&joined, &tgid);'] : []),
    ],
  };
}

/** The program that deletes what is kept by id when whom it belongs to has gone. */
export function forgettingLines(unit: Unit): Line[] {
  const { thread, process } = forgotten(unit);
  if (thread.length + process.length === 0) return [];
  if (thread.some((line) => line.includes('pv_vcpu_of'))) unit.features.add('vcpu-of-task');
  unit.structs.use('task_struct', ['pid']);
  unit.structs.use('task_struct', ['tgid']);
  if (process.length > 0) unit.structs.use('task_struct', ['signal', 'live']);
  const usesM = thread.some((line) => line.startsWith('m = '));
  const usesTid = thread.some((line) => line.includes('tid)'));
  return generated(
    '/* Ids are used again: what was kept for the one that goes is deleted. */',
    'SEC("tp_btf/sched_process_exit")',
    'int BPF_PROG(pv_sched_process_exit, struct task_struct *p)',
    '{',
    ...(process.length > 0 || usesM ? ['\tu32 tgid = p->tgid;'] : []),
    ...(usesTid ? ['\tu32 tid = p->pid;'] : []),
    ...(usesM ? ['\tstruct vm_state *m;'] : []),
    '',
    ...thread.map((line) => `\t${line}`),
    ...(process.length > 0
      ? [
          '\t/* The last thread of the process. */',
          `\tif (!p->signal->live.counter)${process.length > 1 ? ' {' : ''}`,
          ...process.map((line) => `\t\t${line}`),
          ...(process.length > 1 ? ['\t}'] : []),
        ]
      : []),
    '\treturn 0;',
    '}',
    '',
  );
}

/** Has the policy state of vCPUs, or only asks which threads are some? */
export const hasVcpuState = (unit: Unit): boolean => stateFields(unit, 'vcpu').length > 0;

/** Handlers of a family, in the order of the policy. */
export const handlersOf = (
  unit: Unit,
  ...families: readonly Handler['hook']['family'][]
): readonly Handler[] => unit.code.handlers.filter((handler) => families.includes(handler.hook.family));
