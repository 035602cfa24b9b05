/** How one kind of event is written as a message: the names of its fields by their number. */
export interface EventMessage {
  readonly name: string;
  readonly fields: Readonly<Record<number, string>>;
  /** Fields that hold the name of a task, with the field of its id. */
  readonly comms: Readonly<Record<number, string>>;
}

/** Numbers of fields of TracePacket (protos/perfetto/trace/trace_packet.proto of the Perfetto project). */
export const PACKET = {
  bundle: 1,
  processTree: 2,
  clocks: 6,
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  ftraceStats: 34,
  traceStats: 35,
  /** previous_packet_dropped. */
  afterLoss: 42,
  deflated: 50,
  track: 60,
  cpuInfo: 67,
  machine: 98,
  zstd: 133,
} as const;

/** Of FtraceEventBundle (ftrace_event_bundle.proto). */
export const BUNDLE = {
  cpu: 1,
  event: 2,
  lost: 3,
  compact: 4,
  clock: 5,
  clockTime: 6,
  bootTime: 7,
  error: 8,
  /** Time of the last event that the recorder had read on this CPU (before v47), or written (since then); 0: there was none. */
  lastRead: 9,
  lastWritten: 10,
  descriptor: 11,
} as const;

/** Of FtraceEventBundle.CompactSched. */
export const COMPACT = {
  switchTime: 1,
  switchPrevState: 2,
  switchNextPid: 3,
  switchNextPrio: 4,
  names: 5,
  switchNextComm: 6,
  wakingTime: 7,
  wakingPid: 8,
  wakingTarget: 9,
  wakingPrio: 10,
  wakingComm: 11,
  wakingFlags: 12,
} as const;

/** FtraceClock; without the field it is the boot clock. */
export const CLOCKS: Readonly<Record<number, string>> = { 0: 'boot', 2: 'global', 3: 'local', 4: 'mono_raw' };

const wake = (name: string): EventMessage => ({
  name,
  fields: { 2: 'pid', 3: 'prio', 5: 'target_cpu' },
  comms: { 1: 'pid' },
});

/** An event that has no message of its own: its name, and its fields with theirs. */
export const GENERIC = 327;
/** A probe of the recorder's own, whose name stands as that of those. */
export const KPROBE = 542;

/** Events that compact columns are of. */
export const SWITCH = 4;
export const WAKING = 20;

/** Messages of FtraceEvent of which more is read than their name, by the number of their field (ftrace_event.proto, sched.proto, kvm.proto, task.proto). */
export const MESSAGES: Readonly<Record<number, EventMessage>> = {
  4: {
    name: 'sched_switch',
    fields: { 2: 'prev_pid', 3: 'prev_prio', 4: 'prev_state', 6: 'next_pid', 7: 'next_prio' },
    comms: { 1: 'prev_pid', 5: 'next_pid' },
  },
  17: wake('sched_wakeup'),
  20: wake('sched_waking'),
  114: wake('sched_wakeup_new'),
  235: { name: 'task_newtask', fields: { 1: 'pid' }, comms: { 2: 'pid' } },
  236: { name: 'task_rename', fields: { 1: 'pid' }, comms: { 3: 'pid' } },
  237: { name: 'sched_process_exec', fields: { 2: 'pid', 3: 'old_pid' }, comms: {} },
  238: { name: 'sched_process_exit', fields: { 2: 'pid', 4: 'prio' }, comms: { 1: 'pid' } },
  239: {
    name: 'sched_process_fork',
    fields: { 2: 'parent_pid', 4: 'child_pid' },
    comms: { 1: 'parent_pid', 3: 'child_pid' },
  },
  240: { name: 'sched_process_free', fields: { 2: 'pid' }, comms: { 1: 'pid' } },
  353: {
    name: 'sched_pi_setprio',
    fields: { 2: 'newprio', 3: 'oldprio', 4: 'pid' },
    comms: { 1: 'pid' },
  },
  // Of arm64; on other machines these have no fields.
  376: { name: 'kvm_entry', fields: { 1: 'vcpu_pc' }, comms: {} },
  377: { name: 'kvm_exit', fields: { 1: 'esr_ec', 3: 'vcpu_pc' }, comms: {} },
  378: { name: 'kvm_fpu', fields: { 1: 'load' }, comms: {} },
  387: { name: 'kvm_set_irq', fields: { 1: 'gsi', 2: 'irq_source_id', 3: 'level' }, comms: {} },
  399: { name: 'kvm_userspace_exit', fields: { 1: 'reason' }, comms: {} },
  400: { name: 'kvm_vcpu_wakeup', fields: { 1: 'ns', 2: 'valid', 3: 'waited' }, comms: {} },
  491: {
    name: 'sched_migrate_task',
    fields: { 2: 'pid', 3: 'prio', 4: 'orig_cpu', 5: 'dest_cpu' },
    comms: { 1: 'pid' },
  },
};
