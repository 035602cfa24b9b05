import type { Event } from './support.ts';

export interface NaiveEvent extends Pick<Event, 'name' | 'cpu' | 'tid' | 'fields'> {
  readonly micros: number;
}

/**
 * A second, naive reader of tracefs text, to hold the fast one against: one regular expression a line and one an
 * event, for the names of tasks that the example traces have.
 */
export function* naiveEvents(text: string): Generator<NaiveEvent> {
  for (const line of text.split('\n')) {
    const head = /^ *(.+)-(\d+) +\[(\d+)\] \S+ +(\d+)\.(\d{6}): (\w+): (.*)$/.exec(line);
    if (!head) continue;
    const [, , tid, cpu, seconds, micros, name, payload] = head;
    const fields = naiveFields(name!, payload!);
    if (!fields) continue;
    yield {
      name: name!,
      micros: Number(seconds) * 1e6 + Number(micros),
      cpu: Number(cpu),
      tid: Number(tid),
      fields,
    };
  }
}

const STATES: Readonly<Record<string, number>> = { R: 0, 'R+': 256, S: 1, D: 2, X: 16, Z: 32, I: 128 };

function naiveFields(name: string, payload: string): Record<string, number | string> | undefined {
  const match = FORMS[name]?.exec(payload);
  if (!match) return undefined;
  const entries = Object.entries(match.groups ?? {}).map(([key, value]) => [key, valueOf(name, key, value)]);
  return { ...EXTRA[name]?.(payload), ...Object.fromEntries(entries) };
}

function valueOf(event: string, key: string, value: string): number | string {
  if (key === 'prev_state') return STATES[value]!;
  if (key === 'exit_reason') return value;
  if (value.startsWith('0x')) return Number(value);
  const hexadecimal = key === 'apicid' || key === 'dest_id' || (event === 'kvm_msr' && key !== 'write');
  return parseInt(value, hexadecimal ? 16 : 10);
}

const WAKE = /pid=(?<pid>\d+) prio=(?<prio>\d+) target_cpu=(?<target_cpu>\d+)$/;

const FORMS: Readonly<Record<string, RegExp>> = {
  sched_switch:
    /prev_pid=(?<prev_pid>\d+) prev_prio=(?<prev_prio>\d+) prev_state=(?<prev_state>\S+) ==> .* next_pid=(?<next_pid>\d+) next_prio=(?<next_prio>\d+)$/,
  sched_waking: WAKE,
  sched_wakeup: WAKE,
  sched_wakeup_new: WAKE,
  sched_migrate_task:
    /pid=(?<pid>\d+) prio=(?<prio>\d+) orig_cpu=(?<orig_cpu>\d+) dest_cpu=(?<dest_cpu>\d+)$/,
  sched_process_fork: / pid=(?<parent_pid>\d+) child_comm=.* child_pid=(?<child_pid>\d+)$/,
  sched_process_exec: / pid=(?<pid>\d+) old_pid=(?<old_pid>\d+)$/,
  sched_process_exit: / pid=(?<pid>\d+) prio=(?<prio>\d+)/,
  kvm_entry: /^vcpu (?<vcpu_id>\d+), rip (?<rip>0x[0-9a-f]+)/,
  kvm_exit: /^vcpu (?<vcpu_id>\d+) reason (?<exit_reason>.*) rip (?<guest_rip>0x[0-9a-f]+) info1/,
  kvm_inj_virq: /(?<vector>0x[0-9a-f]+)/,
  kvm_vcpu_wakeup: / time (?<ns>\d+) ns/,
  kvm_halt_poll_ns: /^vcpu (?<vcpu_id>\d+): halt_poll_ns (?<new>\d+) \(\w+ (?<old>\d+)\)$/,
  kvm_userspace_exit: /^reason KVM_EXIT_IO \((?<reason>\d+)\)$/,
  kvm_apic_accept_irq: /^apicid (?<apicid>\w+) vec (?<vec>\d+)/,
  kvm_apic_ipi: /^dst (?<dest_id>\w+) vec (?<vec>\d+)/,
  kvm_set_irq: /^gsi (?<gsi>\d+) level (?<level>\d+) source (?<irq_source_id>\d+)$/,
  kvm_pio: / at (?<port>0x[0-9a-f]+) size (?<size>\d+) /,
  kvm_msr: / (?<ecx>\w+) = (?<data>0x[0-9a-f]+)$/,
  kvm_fpu: /load/,
};

/** Fields that are words in the text. */
const EXTRA: Readonly<Record<string, (payload: string) => Record<string, number>>> = {
  kvm_inj_virq: (text) => ({ soft: flag(text, 'Soft'), reinjected: flag(text, '[reinjected]') }),
  kvm_vcpu_wakeup: (text) => ({ waited: flag(text, 'wait'), valid: flag(text, 'polling valid') }),
  kvm_halt_poll_ns: (text) => ({ grow: flag(text, 'grow') }),
  kvm_userspace_exit: () => ({ errno: 0 }),
  kvm_pio: (text) => ({ rw: flag(text, 'pio_write') }),
  kvm_msr: (text) => ({ write: flag(text, 'msr_write') }),
  kvm_fpu: (text) => ({ load: text === 'load' ? 1 : 0 }),
};

const flag = (text: string, word: string): number => (text.includes(word) ? 1 : 0);
