import { kfunc } from './kfuncs.ts';
import { mapLines, ROOM } from './maps.ts';
import { keepsVcpusByTid, structLines } from './state-maps.ts';
import { IDENTITY, type Identity, type Unit } from './unit.ts';

const KEPT: Readonly<Record<Identity, readonly string[]>> = {
  tid: ['u32 tid;'],
  tgid: ['u32 tgid;'],
  id: ["/* KVM's number of it within its VM. */", 'u32 id;'],
};

/** What is known of vCPUs: which threads they are, whose, and the policy's state of each. */
export function vcpuLines(unit: Unit): string[] {
  const { features, structs } = unit;
  if (!features.has('vcpus')) return [];
  structs.use('task_struct', ['pid']);
  structs.use('task_struct', ['tgid']);
  const byTid = features.has('vcpu-by-tid');
  return [
    ...structLines(
      unit,
      'vcpu',
      IDENTITY.filter((field) => unit.identity.has(field)).flatMap((field) => KEPT[field]),
    ),
    ...(keepsVcpusByTid(unit) ? HASH : STORAGE),
    ...(features.has('vcpu-of-task') ? ofTask(unit) : []),
    ...(byTid && !keepsVcpusByTid(unit) ? lookupByTid(unit) : []),
    ...(features.has('vm-vcpus') ? listLines() : []),
    ...(features.has('vms') ? vmSlots() : []),
  ];
}

/** Whole words of a VM's list of vCPUs. */
export function vcpuList(unit: Unit): string[] {
  return unit.features.has('vm-vcpus') ? [`#define PV_VCPUS ${unit.vcpuRoom}`] : [];
}

const STORAGE = mapLines({
  name: 'vcpus',
  doc: 'vCPUs: kept with the thread, they go when it goes.',
  type: 'TASK_STORAGE',
  flags: 'BPF_F_NO_PREALLOC',
  key: 'int',
  value: 'struct vcpu',
});

const ofTask = (unit: Unit): string[] => [
  '/* The vCPU that the thread runs, or NULL. */',
  'static __always_inline struct vcpu *pv_vcpu_of(struct task_struct *p)',
  '{',
  keepsVcpusByTid(unit)
    ? '\treturn pv_vcpu_by_tid(p->pid);'
    : '\treturn bpf_task_storage_get(&vcpus, p, NULL, 0);',
  '}',
  '',
];

function lookupByTid(unit: Unit): string[] {
  kfunc(unit, 'bpf_task_from_pid');
  kfunc(unit, 'bpf_task_release');
  return [
    '/* The vCPU of the thread with that id, or NULL where there is none any more. */',
    'static __noinline struct vcpu *pv_vcpu_by_tid(u32 tid)',
    '{',
    '\tstruct task_struct *p = tid ? bpf_task_from_pid(tid) : NULL;',
    '\tstruct vcpu *v;',
    '',
    '\tif (!p)',
    '\t\treturn NULL;',
    '\tv = bpf_task_storage_get(&vcpus, p, NULL, 0);',
    '\tbpf_task_release(p);',
    '\treturn v;',
    '}',
    '',
  ];
}

const HASH = [
  ...mapLines({
    name: 'vcpus',
    doc: 'vCPUs, by thread id.',
    type: 'HASH',
    entries: `${ROOM.vcpus}`,
    key: 'u32',
    value: 'struct vcpu',
  }),
  'static const struct vcpu pv_zero_vcpu;',
  '',
  '/* The vCPU of the thread with that id, or NULL. */',
  'static __always_inline struct vcpu *pv_vcpu_by_tid(u32 tid)',
  '{',
  '\treturn bpf_map_lookup_elem(&vcpus, &tid);',
  '}',
  '',
];

function listLines(): string[] {
  return [
    '/* v over the vCPUs of the VM with the state m. */',
    '#define pv_for_each_vcpu(v, m, i)\t\t\t\t\t\t\\',
    '\tpv_for((i), 0, PV_VCPUS, PV_VCPUS)\t\t\t\t\t\t\\',
    '\t\tif ((m)->vcpu[i] && ((v) = pv_vcpu_by_tid((m)->vcpu[i])))',
    '',
    'static __noinline void pv_add_to_vm(struct vm_state *m, u32 tid)',
    '{',
    '\tu32 i;',
    '',
    '\tpv_for(i, 0, PV_VCPUS, PV_VCPUS)',
    '\t\tif (m->vcpu[i] == tid || (!m->vcpu[i] && !__sync_val_compare_and_swap(&m->vcpu[i], 0, tid)))',
    '\t\t\treturn;',
    '}',
    '',
    'static __noinline void pv_remove_from_vm(struct vm_state *m, u32 tid)',
    '{',
    '\tu32 i;',
    '',
    '\tpv_for(i, 0, PV_VCPUS, PV_VCPUS)',
    '\t\tif (m->vcpu[i] == tid)',
    '\t\t\tm->vcpu[i] = 0;',
    '}',
    '',
  ];
}

/** VMs in the order in which they were first seen, for loops over them. */
function vmSlots(): string[] {
  return [
    '/* Thread group ids of the VMs, in the order in which they were first seen; 0 is a free place. */',
    'static u32 pv_vm_slots[PV_VM_SLOTS];',
    '',
    'static __always_inline u32 pv_vm_at(u32 slot)',
    '{',
    '\treturn slot < PV_VM_SLOTS ? pv_vm_slots[slot] : 0;',
    '}',
    '',
    '/* m over the VMs. */',
    '#define pv_for_each_vm(m, i)\t\t\t\t\t\t\t\\',
    '\tpv_for((i), 0, PV_VM_SLOTS, PV_VM_SLOTS)\t\t\t\t\t\\',
    '\t\tif (((m) = pv_vm_at(i)))',
    '',
    ...mapLines({
      name: 'listed',
      doc: 'VMs with a slot. Of several vCPUs that come at once, the one that enters its VM here adds it.',
      type: 'HASH',
      entries: 'PV_VMS',
      key: 'u32',
      value: 'u32',
    }),
    'static __noinline void pv_add_vm(u32 tgid)',
    '{',
    '\tu32 slot;',
    '',
    '\tif (bpf_map_lookup_elem(&listed, &tgid) || bpf_map_update_elem(&listed, &tgid, &tgid, BPF_NOEXIST))',
    '\t\treturn;',
    '\tpv_for(slot, 0, PV_VM_SLOTS, PV_VM_SLOTS)',
    '\t\tif (slot < PV_VM_SLOTS && !pv_vm_slots[slot] && !__sync_val_compare_and_swap(&pv_vm_slots[slot], 0, tgid))',
    '\t\t\treturn;',
    '}',
    '',
    'static __noinline void pv_remove_vm(u32 tgid)',
    '{',
    '\tu32 slot;',
    '',
    '\tpv_for(slot, 0, PV_VM_SLOTS, PV_VM_SLOTS)',
    '\t\tif (slot < PV_VM_SLOTS && pv_vm_slots[slot] == tgid)',
    '\t\t\tpv_vm_slots[slot] = 0;',
    '\tbpf_map_delete_elem(&listed, &tgid);',
    '}',
    '',
  ];
}
