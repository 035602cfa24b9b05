/*
 * What people write who come from C, Rust, the kernel's own sources or bpftrace, and what it is called here. Only where
 * the spelling alone does not tell.
 */

const TYPES: Readonly<Record<string, string>> = {
  int: 's32',
  long: 's64',
  char: 's8',
  short: 's16',
  uint: 'u32',
  unsigned: 'u32',
  ulong: 'u64',
  size_t: 'u64',
  usize: 'u64',
  isize: 's64',
  pid_t: 'u32',
  float: 'ratio',
  double: 'ratio',
  percent: 'ratio',
  fraction: 'ratio',
  boolean: 'bool',
  _Bool: 'bool',
  str: 'string',
  String: 'string',
  time: 'instant',
  timestamp: 'instant',
  ktime: 'instant',
  ktime_t: 'instant',
  ns: 'duration',
  us: 'duration',
  ms: 'duration',
  nsecs: 'duration',
  interval: 'duration',
  timespan: 'duration',
  priority: 'rt_prio',
  thread: 'task',
  process: 'task',
  task_struct: 'task',
  kvm_vcpu: 'vcpu',
  guest: 'vm',
  kvm: 'vm',
  cpuset: 'cpumask',
  queue: 'dsq',
};

/** Integers as C, the kernel and Rust have them: `int32_t`, `__u64`, `i16`. */
const INTEGER = /^_*(u|s|i|int|uint)(8|16|32|64)(?:_t)?$/u;

/** The type that a word of another language stands for; undefined where none comes to mind. */
export function familiarType(word: string): string | undefined {
  const [, letter = '', bits] = INTEGER.exec(word) ?? [];
  return bits === undefined ? own(TYPES, word) : `${letter.startsWith('u') ? 'u' : 's'}${bits}`;
}

const FUNCTIONS: Readonly<Record<string, string>> = {
  vcpu_of: 'vcpu',
  get_vcpu: 'vcpu',
  task_to_vcpu: 'vcpu',
  kvm_get_running_vcpu: 'current_vcpu',
  nsecs: 'now',
  time: 'now',
  ktime_get: 'now',
  ktime_get_ns: 'now',
  sched_clock: 'now',
  cpu: 'this_cpu',
  smp_processor_id: 'this_cpu',
  get_current: 'current',
  current_task: 'current',
  time_before: 'before',
  time_before64: 'before',
  cpumask_test_cpu: 'can_run_on',
  move: 'pin',
  migrate: 'pin',
  set_affinity: 'pin',
  sched_setaffinity: 'pin',
  set_cpus_allowed: 'pin',
  set_user_nice: 'set_nice',
  renice: 'set_nice',
  set_priority: 'boost',
  setscheduler: 'boost',
  kick_cpu: 'kick',
  resched_cpu: 'kick',
};

/** The function or action that a word of another language stands for. */
export const familiarFunction = (word: string): string | undefined => own(FUNCTIONS, word);

const VALUES: Readonly<Record<string, string>> = {
  NULL: 'none',
  null: 'none',
  nullptr: 'none',
  nil: 'none',
  None: 'none',
  True: 'true',
  TRUE: 'true',
  False: 'false',
  FALSE: 'false',
  SCHED_FIFO: 'FIFO',
  SCHED_RR: 'RR',
  SCHED_NORMAL: 'NORMAL',
  SCHED_OTHER: 'NORMAL',
  SCHED_BATCH: 'BATCH',
  SCHED_IDLE: 'IDLE',
  SCHED_EXT: 'EXT',
};

/** The value that a word of another language stands for. */
export const familiarValue = (word: string): string | undefined => own(VALUES, word);

const MEMBERS: Readonly<Record<string, string>> = {
  nr_queued: 'len',
  length: 'len',
  size: 'len',
  mean: 'avg',
  test: 'has',
  weight: 'count',
  append: 'push',
  add: 'record',
  name: 'comm',
  tid: 'pid',
  priority: 'prio',
  state: '__state',
};

/** The member that a word of another language, or of another type, stands for. */
export const familiarMember = (word: string): string | undefined => own(MEMBERS, word);

/** Not what every object inherits: `constructor` is a name like any other. */
const own = (table: Readonly<Record<string, string>>, word: string): string | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;
