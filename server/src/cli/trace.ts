import type { Trace, TraceResult } from '../trace/columns.ts';
import { traceInfo, traceInfoJson, type TraceInfo } from '../trace/info.ts';
import { KINDS, kindIndex } from '../trace/kinds.ts';
import { openTrace } from '../trace/open.ts';
import { perfettoTrace } from '../trace/perfetto/write.ts';
import { jsonWriter, lineWriter, textHead } from '../trace/write-text.ts';
import { refuseOthers, type Actions } from './actions.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { writeParts } from './output.ts';
import { Refusal } from './refusal.ts';
import { table, type Paint, type Terminal } from './terminal.ts';

/** What there is to do with a trace, and the options that it takes. */
const ACTIONS: Actions = {
  info: [],
  events: ['to', 'event'],
  convert: ['output', 'to', 'event'],
};

export const trace: Command = {
  operands: 'info|events|convert TRACE',
  options: {
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      help: 'convert: the file to write; with .gz compressed',
    },
    to: {
      type: 'string',
      value: 'FORMAT',
      help: 'convert: text (ftrace text), jsonl (a JSON object a line) or perfetto',
    },
    event: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'events, convert: only these; may be repeated',
    },
  },
  notes: `info tells what is in a trace; events prints the events that policies can use, as text or with --json as lines of
JSON; convert writes them into a file. Reads ftrace text, trace-cmd report, perf script, systrace pages, trace.dat,
perf.data, Perfetto traces, and folders with a CTF trace or ring-buffer pages; plain or compressed.`,
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const [action, path, more] = operands;
    if (action === undefined) throw new Refusal('trace info, trace events or trace convert?');
    if (!Object.hasOwn(ACTIONS, action))
      throw new Refusal(`no 'trace ${action}'; there are trace info, trace events and trace convert`);
    if (path === undefined) throw new Refusal('which trace? Name its file');
    if (more !== undefined) throw new Refusal(`one trace at a time; '${more}' is one too many`);
    refuseOthers('trace', action, given, { actions: ACTIONS, options: trace.options });
    const output = given.text('output');
    if (action === 'convert' && output === undefined)
      throw new Refusal('which file is to be written? Name it with -o');
    const to = formatOf(given, action === 'events' && given.flag('json') ? 'jsonl' : 'text');
    const read = await readTrace(path);
    if (action === 'info') {
      const info = traceInfo(read);
      terminal.out(
        given.flag('json') ? `${JSON.stringify(traceInfoJson(info))}\n` : describe(info, terminal.paint),
      );
      return EXIT.ok;
    }
    if (to === 'perfetto') {
      if (action === 'events')
        throw new Refusal('events are printed as text or jsonl; convert writes perfetto');
      await writeParts(output ?? '', perfettoTrace(read, '', [], wanted(given)));
      return written(output ?? '', given, terminal);
    }
    const parts = partsOf(read, to, wanted(given));
    if (action === 'convert') {
      await writeParts(output ?? '', parts);
      return written(output ?? '', given, terminal);
    }
    for (const part of parts) terminal.out(part);
    return EXIT.ok;
  },
};

/** What `convert` has to say once the file `path` is there: for programs, that it is. */
function written(path: string, given: Given, terminal: Terminal): Exit {
  if (given.flag('json')) terminal.out(`${JSON.stringify({ version: 1, trace: path })}\n`);
  return EXIT.ok;
}

type Format = 'text' | 'jsonl' | 'perfetto';
/** Lines are handed over together. */
const LINES = 2000;

function formatOf(given: Given, fallback: Format): Format {
  const format = given.text('to') ?? fallback;
  if (format === 'text' || format === 'jsonl' || format === 'perfetto') return format;
  throw new Refusal(`--to is text, jsonl or perfetto, not '${format}'`);
}

/** Which kinds of events are asked for. */
function wanted(given: Given): (kind: number) => boolean {
  const names = given.texts('event');
  const unknown = names.find((name) => kindIndex(name) < 0);
  if (unknown !== undefined)
    throw new Refusal(`no event '${unknown}' is kept; there are ${KINDS.map(({ name }) => name).join(', ')}`);
  const kinds = new Set(names.map(kindIndex));
  return (kind) => kinds.size === 0 || kinds.has(kind);
}

function* partsOf(read: Trace, to: 'text' | 'jsonl', isWanted: (kind: number) => boolean): Generator<string> {
  if (to === 'text') yield textHead(read);
  const write = to === 'text' ? lineWriter(read) : jsonWriter(read);
  let lines: string[] = [];
  for (let row = 0; row < read.length; row++) {
    if (!isWanted(read.kind[row] ?? 0)) continue;
    lines.push(write(row));
    if (lines.length < LINES) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

/** The trace in the file `path`; a Refusal that says where and why where it cannot be read. */
export const readTrace = async (path: string): Promise<Trace> => traceIn(await openTrace(path), path);

/** The trace that was read of the file `path`; a Refusal where it could not be. */
export function traceIn(result: TraceResult, path: string): Trace {
  if (result.ok) return result.trace;
  const { message, line, offset } = result.error;
  const byte = `byte ${offset ?? 0}`;
  const where = line !== undefined ? `line ${line} (${byte}): ` : offset !== undefined ? `${byte}: ` : '';
  throw new Refusal(`${where}${message}`, path);
}

function describe(info: TraceInfo, paint: Paint): string {
  const recorded = new Set(info.events.map(({ name }) => name));
  /** A figure that the events `name` tell; none where there are none of them. */
  const told = (name: string, figure: string): string => (recorded.has(name) ? figure : '–');
  const events = info.events.map(({ name, count }) => [name, String(count)]);
  const vms = info.vms.flatMap(({ name, vcpus }) =>
    vcpus.map(({ id, tid }) => {
      const times = info.vcpuTimes.get(tid);
      const exits = times?.exits.slice(0, 4).map(([why, count]) => `${why} ${count}`) ?? [];
      return [
        name,
        String(id),
        String(tid),
        told('sched_switch', ms(times?.runNs ?? 0)),
        told('kvm_entry', ms(times?.guestNs ?? 0)),
        told('kvm_vcpu_wakeup', String(times?.halts ?? 0)),
        told('kvm_inj_virq', String(times?.injected ?? 0)),
        told('kvm_exit', exits.join(', ')),
      ];
    }),
  );
  const facts = [
    ['format', info.format],
    ['clock', info.clock],
    ['CPUs', String(info.cpus)],
    ['duration', seconds(info.durationNs)],
    ['events', `${info.total}, of which ${info.rows} are of use to policies`],
    ['tasks', String(info.tasks)],
    ...(info.lost > 0 ? [['lost', `${info.lost} events, by the recorder`]] : []),
    ...(info.skipped > 0 ? [['skipped', `${info.skipped} lines or records that could not be read`]] : []),
    ...(info.gaps > 0 ? [['gaps', `${info.gaps} switches are missing, as those around them show`]] : []),
    ...info.silences.map(({ from, ns }) => [
      'silence',
      `no event for ${(ns / 1e9).toFixed(0)} s after ${seconds(from)}, as of another clock or recording`,
    ]),
    ...(info.partialUntil > 0 ? [['partial', `until ${seconds(info.partialUntil)} on some CPUs`]] : []),
  ];
  const notes = info.notes.map(({ message, line, offset, count }) => [
    line === undefined ? `byte ${offset}` : `line ${line}`,
    count > 1 ? `${message} (${count} times)` : message,
  ]);
  return [
    table([{ title: '' }, { title: '' }], facts, paint),
    table([{ title: 'event' }, { title: 'count', align: 'right' }], events, paint),
    ...(vms.length > 0 ? [table(VM_COLUMNS, vms, paint)] : []),
    ...(notes.length > 0 ? [table([{ title: 'note' }, { title: '' }], notes, paint)] : []),
  ].join('\n');
}

const right = (title: string) => ({ title, align: 'right' }) as const;
const VM_COLUMNS = [
  { title: 'VM' },
  ...['vCPU', 'thread', 'on CPU', 'in guest', 'halts ended', 'interrupts'].map(right),
  { title: 'exits' },
];

const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;
const seconds = (ns: number): string => `${(ns / 1e9).toFixed(6)} s`;
