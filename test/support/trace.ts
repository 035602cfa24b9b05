import { fileURLToPath } from 'node:url';
import { openTrace } from '../../server/src/trace/open.ts';
import { createTextReader } from '../../server/src/trace/read-text.ts';
import type { Trace } from '../../server/src/trace/columns.ts';

/**
 * A trace from events in short: `TIME CPU COMM-TID EVENT: PAYLOAD`, a line each, TIME in seconds with six digits. Bits
 * of the payload that tests do not care for may be left out as `sched_switch` does below.
 */
export function trace(lines: string): Trace {
  const reader = createTextReader();
  const text = lines
    .trim()
    .split('\n')
    .map((line) => {
      const [time = '', cpu = '', thread = '', ...rest] = line.trim().split(/ +/);
      return `${thread.replaceAll('_', ' ').padStart(16)} [${cpu.padStart(3, '0')}] d..2. ${time}: ${rest.join(' ')}\n`;
    })
    .join('');
  reader.push(new TextEncoder().encode(`# tracer: nop\n#\n${text}`));
  const result = reader.finish();
  if (!result.ok) throw new Error(result.error.message);
  if (result.trace.skipped > 0) throw new Error(JSON.stringify(result.trace.notes));
  return result.trace;
}

/** `sched_switch` from thread `prev` in `state` to thread `next`, both nice 0. */
export function switched(prev: number, state: string, next: number, prio = 120): string {
  const name = (tid: number): string => (tid === 0 ? 'swapper/0' : `t${tid}`);
  const of = (tid: number): number => (tid === 0 ? 120 : prio);
  return `sched_switch: prev_comm=${name(prev)} prev_pid=${prev} prev_prio=${of(prev)} prev_state=${state} ==> next_comm=${name(next)} next_pid=${next} next_prio=${of(next)}`;
}

/** A wake-up event of thread `tid` to `cpu`. */
export function wake(
  event: 'sched_waking' | 'sched_wakeup' | 'sched_wakeup_new',
  tid: number,
  cpu: number,
): string {
  return `${event}: comm=t${tid} pid=${tid} prio=120 target_cpu=${String(cpu).padStart(3, '0')}`;
}

/** A trace of `examples/traces`. */
export async function exampleTrace(name: string): Promise<Trace> {
  const result = await openTrace(fileURLToPath(new URL(`../../examples/traces/${name}`, import.meta.url)));
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}
