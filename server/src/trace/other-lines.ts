/** What a line that is no event says. `undefined`: nothing that is known. */
export type OtherLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'cpus'; readonly cpus: number; readonly by: Tool; readonly overwritten: boolean }
  | { readonly kind: 'trace-cmd' }
  | { readonly kind: 'overwritten' }
  | { readonly kind: 'lost'; readonly events: number }
  | { readonly kind: 'refused'; readonly reason: string };

type Tool = 'ftrace' | 'trace-cmd' | 'perf';

const NOTHING: OtherLine = { kind: 'nothing' };

/** Reasons to refuse a file, with the way out. */
export const REFUSALS = {
  latency:
    "the trace is in ftrace's latency format, which gives microseconds since an unknown start and cuts the names " +
    'of tasks; read it again without: echo nolatency-format > trace_options, or trace-cmd report without -l',
  cycles:
    'the timestamps have no decimal point: they count cycles, ticks or events (clocks x86-tsc, uptime, counter), not ' +
    'time; record again with: echo mono > trace_clock, or trace-cmd record -C mono',
  perfWithoutCpu:
    'this looks like the output of perf script, but the CPU or the time is missing; ' +
    'print it with: perf script --ns -F comm,pid,tid,cpu,time,event,trace',
  perfReport:
    'this is a report of perf sched, which no longer has the events; print them with: ' +
    'perf script --ns -F comm,pid,tid,cpu,time,event,trace',
} as const;

/** Recognises the line `text`, the bytes of which are one character each. */
export function otherLine(text: string): OtherLine | undefined {
  const line = text.trimEnd();
  if (line === '') return NOTHING;
  if (line.startsWith('#')) return comment(line);
  const cpus = /^cpus=(\d{1,5})$/.exec(line);
  if (cpus) return { kind: 'cpus', cpus: Number(cpus[1]), by: 'trace-cmd', overwritten: false };
  if (/^version = \d+$/.test(line)) return { kind: 'trace-cmd' };
  if (/^CPU \d+ is empty$/.test(line)) return NOTHING;
  const lost = /^\s*CPU:\d+ \[(?:LOST (\d{1,15}) EVENTS|EVENTS DROPPED)\]$/.exec(line);
  if (lost) return { kind: 'lost', events: Number(lost[1] ?? 1) };
  const perfLost = /PERF_RECORD_LOST(?:_SAMPLES)?\s+lost\s+(\d{1,15})/.exec(line);
  if (perfLost) return { kind: 'lost', events: Number(perfLost[1]) };
  // The frames of a call chain, which perf prints below an event.
  if (/^\s+[0-9a-f]{6,16} \S/.test(line)) return NOTHING;
  return undefined;
}

function comment(line: string): OtherLine {
  if (/^##### CPU \d+ buffer started ####$/.test(line)) return { kind: 'overwritten' };
  if (line.includes('latency trace v')) return { kind: 'refused', reason: REFUSALS.latency };
  const perfCpus = /^# nrcpus online : (\d{1,5})$/.exec(line);
  if (perfCpus) return { kind: 'cpus', cpus: Number(perfCpus[1]), by: 'perf', overwritten: false };
  const entries = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+) +#P:(\d{1,5})$/.exec(line);
  if (!entries) return NOTHING;
  const overwritten = Number(entries[1]) < Number(entries[2]);
  return { kind: 'cpus', cpus: Number(entries[3]), by: 'ftrace', overwritten };
}

/** Was a line that is no event meant as one, in a form that cannot be used? The reason to refuse the file. */
export function unusableForm(text: string): string | undefined {
  // comm-tid, CPU and flags glued together, then a time.
  if (/-\d+ +\d+[.dDbX][.\w]{3,5} +\d+(?:\.\d+|us[ !+#*@$]?):? /.test(text)) return REFUSALS.latency;
  if (/\bsch delay\b|Avg delay ms/.test(text)) return REFUSALS.perfReport;
  if (/\b(?:sched|kvm):[a-z]\w+:/.test(text)) return REFUSALS.perfWithoutCpu;
  return undefined;
}
