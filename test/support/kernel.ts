import { BtfBuilder } from './btf-builder.ts';

/**
 * A small kernel: a tracepoint that the catalogue has (with an argument more), one that it has not, the same of kfuncs,
 * and a task with fields of each kind.
 */
export function smallKernel(): BtfBuilder {
  const b = new BtfBuilder();
  const u32 = b.int('unsigned int', 4);
  const s32 = b.int('s32', 4);
  const pid = b.typedef('pid_t', s32);
  const state = b.enumeration('vendor_state', [['VENDOR_IDLE', 3]]);
  const flags = b.bitField('vendor_flags', 'hot', u32, 3);
  // task_struct refers to the struct that follows it.
  const load = b.nextId() + 2;
  const loadPointer = b.pointer(load);
  const task = b.struct('task_struct', [
    { name: 'pid', type: pid },
    { name: 'vendor_load', type: loadPointer },
    { name: 'vendor_state', type: state },
    { name: 'vendor_flags', type: flags },
    { name: '', type: load + 1 },
  ]);
  b.struct('vendor_load', [{ name: 'average', type: u32 }]);
  b.struct('', [{ name: 'prio', type: s32 }]);
  const pointer = b.pointer(task);
  const data = b.pointer(0);
  const bool = u32;
  b.typedef('btf_trace_sched_switch', b.pointer(b.prototype(0, [data, bool, pointer, pointer, u32, u32])));
  b.typedef('btf_trace_vendor_pause', b.pointer(b.prototype(0, [data, pointer, s32])));
  b.func(
    '__traceiter_vendor_pause',
    b.named(s32, [
      ['__data', data],
      ['p', pointer],
      ['cpu', s32],
    ]),
  );
  b.declTag('bpf_kfunc', b.func('vendor_load_of', b.named(u32, [['p', pointer]])));
  b.declTag('bpf_kfunc', b.func('bpf_task_acquire', b.named(pointer, [['p', pointer]])));
  b.enumeration('bpf_func_id', [['BPF_FUNC_ktime_get_ns', 5]]);
  return b;
}
