import type { Trace } from '../trace/columns.ts';
import { traceInfo, traceInfoJson, type TraceInfo } from '../trace/info.ts';
import { openTrace } from '../trace/open.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { Refusal } from './refusal.ts';
import { table, type Paint } from './terminal.ts';

export const trace: Command = {
  operands: 'info TRACE',
  options: {},
  notes:
    'Reads ftrace text, trace-cmd report, perf script, systrace pages, trace.dat, perf.data and folders of ring-buffer pages, plain or compressed.',
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const [action, path, more] = operands;
    if (action === undefined) throw new Refusal('trace info TRACE is what there is');
    if (action !== 'info') throw new Refusal(`no 'trace ${action}'; there is trace info`);
    if (path === undefined) throw new Refusal('which trace? Name its file');
    if (more !== undefined) throw new Refusal(`one trace at a time; '${more}' is one too many`);
    const info = traceInfo(await readTrace(path));
    terminal.out(
      given.flag('json') ? `${JSON.stringify(traceInfoJson(info))}\n` : describe(info, terminal.paint),
    );
    return EXIT.ok;
  },
};

/** The trace in the file `path`; a Refusal that says where and why where it cannot be read. */
export async function readTrace(path: string): Promise<Trace> {
  const result = await openTrace(path);
  if (result.ok) return result.trace;
  const { message, line, offset } = result.error;
  const byte = `byte ${offset ?? 0}`;
  const where = line !== undefined ? `line ${line} (${byte}): ` : offset !== undefined ? `${byte}: ` : '';
  throw new Refusal(`${where}${message}`, path);
}

function describe(info: TraceInfo, paint: Paint): string {
  const events = info.events.map(({ name, count }) => [name, String(count)]);
  const vms = info.vms.map(({ name, vcpus }) => [
    name,
    vcpus.map(({ id, tid }) => `${id}: thread ${tid}`).join(', '),
  ]);
  const facts = [
    ['format', info.format],
    ['clock', info.clock],
    ['CPUs', String(info.cpus)],
    ['duration', seconds(info.durationNs)],
    ['events', `${info.total}, of which ${info.rows} are of use to policies`],
    ['tasks', String(info.tasks)],
    ...(info.lost > 0 ? [['lost', `${info.lost} events, by the recorder`]] : []),
    ...(info.skipped > 0 ? [['skipped', `${info.skipped} lines or records that could not be read`]] : []),
    ...(info.partialUntil > 0 ? [['partial', `until ${seconds(info.partialUntil)} on some CPUs`]] : []),
  ];
  const notes = info.notes.map(({ message, line, offset, count }) => [
    line === undefined ? `byte ${offset}` : `line ${line}`,
    count > 1 ? `${message} (${count} times)` : message,
  ]);
  return [
    table([{ title: '' }, { title: '' }], facts, paint),
    table([{ title: 'event' }, { title: 'count', align: 'right' }], events, paint),
    ...(vms.length > 0 ? [table([{ title: 'VM' }, { title: 'vCPUs' }], vms, paint)] : []),
    ...(notes.length > 0 ? [table([{ title: 'note' }, { title: '' }], notes, paint)] : []),
  ].join('\n');
}

const seconds = (ns: number): string => `${(ns / 1e9).toFixed(6)} s`;
