import {
  BOOL,
  CPU,
  CPUMASK,
  DSQ,
  DURATION,
  INSTANT,
  STRING,
  TASK,
  VCPU,
  VOID,
  VTIME,
  optional,
  type Type,
} from '../semantics/types.ts';

const INTS: Readonly<Record<string, { bits: 8 | 16 | 32 | 64; signed: boolean }>> = {
  u8: { bits: 8, signed: false },
  u16: { bits: 16, signed: false },
  u32: { bits: 32, signed: false },
  u64: { bits: 64, signed: false },
  s8: { bits: 8, signed: true },
  s16: { bits: 16, signed: true },
  s32: { bits: 32, signed: true },
  s64: { bits: 64, signed: true },
};

/** C spellings of integers, as the kernel's declarations have them on 64-bit machines. */
const C_INTS: Readonly<Record<string, string>> = {
  int: 's32',
  'unsigned int': 'u32',
  unsigned: 'u32',
  'const unsigned int': 'u32',
  long: 's64',
  'unsigned long': 'u64',
  'long int': 's64',
  'long unsigned int': 'u64',
  'long long unsigned int': 'u64',
  size_t: 'u64',
  ktime_t: 's64',
  pid_t: 's32',
};

const SIMPLE: Readonly<Record<string, Type>> = {
  bool: BOOL,
  void: VOID,
  cpu: CPU,
  cpumask: CPUMASK,
  task: TASK,
  vcpu: VCPU,
  dsq: DSQ,
  duration: DURATION,
  instant: INSTANT,
  vtime: VTIME,
  string: STRING,
  weight: { kind: 'weight' },
  nice: { kind: 'nice' },
};

const int = (name: string): Type | undefined => {
  const found = INTS[name];
  return found && { kind: 'int', ...found };
};

/** The type that a row of the catalogue names: 'duration', 'flags:scx_enq_flags', 'optional:struct:mm_struct'. */
export function typeOfWord(word: string): Type {
  const [head = '', ...rest] = word.split(':');
  if (head === 'optional') return optional(typeOfWord(rest.join(':')));
  if (head === 'struct') return { kind: 'struct', name: rest.join(':') };
  if (head === 'flags') return { kind: 'flags', group: rest.join(':') };
  const type = SIMPLE[head] ?? int(head);
  if (type === undefined) throw new Error(`no such type in the catalogue: ${word}`);
  return type;
}

/** Arguments whose name says more than their C type. */
const BY_NAME: Readonly<Record<string, string>> = {
  cpu: 'cpu',
  cpu_id: 'cpu',
  prev_cpu: 'cpu',
  dest_cpu: 'cpu',
  src_cpu: 'cpu',
  dst_cpu: 'cpu',
  dsq_id: 'dsq',
  slice: 'duration',
  vtime: 'vtime',
  weight: 'weight',
  enq_flags: 'flags:scx_enq_flags',
  deq_flags: 'flags:scx_deq_flags',
  wake_flags: 'flags:scx_wake_flags',
  reenq_flags: 'flags:scx_reenq_flags',
  runtime: 'duration',
  delay: 'duration',
};

/** Arguments that mean something else than their name does elsewhere, as 'hook.argument' or 'call.argument'. */
const BY_PLACE: Readonly<Record<string, string>> = {
  'kvm_vcpu_wakeup.ns': 'duration',
  'scx_bpf_kick_cpu.flags': 'flags:scx_kick_flags',
  'scx_bpf_pick_idle_cpu.flags': 'flags:scx_pick_idle_cpu_flags',
  'scx_bpf_pick_idle_cpu_node.flags': 'flags:scx_pick_idle_cpu_flags',
  'scx_bpf_pick_any_cpu.flags': 'flags:scx_pick_idle_cpu_flags',
  'scx_bpf_pick_any_cpu_node.flags': 'flags:scx_pick_idle_cpu_flags',
  'scx_bpf_select_cpu_and.flags': 'flags:scx_pick_idle_cpu_flags',
};

/**
 * The policy's type of a C argument or result, or undefined where the language has none (a raw pointer, a callback).
 * `owner` is the hook or call that has the argument `name`.
 */
export function typeOfC(c: string, name: string, owner: string): Type | undefined {
  const placed = BY_PLACE[`${owner}.${name}`];
  if (placed !== undefined) return typeOfWord(placed);
  const bare = c
    .replace(/\s+/g, ' ')
    .replace(/^const /, '')
    .trim();
  if (/^struct task_struct \*$/.test(bare)) return TASK;
  if (/^struct cpumask \*$/.test(bare)) return CPUMASK;
  const pointer = /^struct (\w+) \*$/.exec(bare);
  if (pointer?.[1] !== undefined) return { kind: 'struct', name: pointer[1] };
  if (bare.includes('*')) return undefined;
  if (bare === 'bool' || bare === 'void') return typeOfWord(bare);
  if (/^enum /.test(bare)) return typeOfWord('s32');
  const integer = C_INTS[bare] ?? bare.replace(/^__/, '');
  if (INTS[integer] === undefined) return undefined;
  return typeOfWord(BY_NAME[name] ?? integer);
}
