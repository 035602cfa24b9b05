import { readFileSync } from 'node:fs';
import { mergeSweeps, type Sweep } from '../simulate/sweep.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { reason, Refusal } from './refusal.ts';
import { showSweep } from './sweep-text.ts';

export const sweep: Command = {
  operands: 'merge FILE…',
  options: {},
  notes: `Joins what \`simulate --sweep … --shard I/N --json\` wrote, one file a shard, into the result of the whole sweep. The same points
give the same bytes, however they were divided.`,
  async run({ operands, given, terminal }: Invocation): Promise<Exit> {
    const [action, ...paths] = operands;
    if (action !== 'merge')
      throw new Refusal(
        action === undefined
          ? 'sweep merge FILE… is what there is'
          : `no 'sweep ${action}'; there is sweep merge`,
      );
    if (paths.length === 0) throw new Refusal('which results? Name the files of all shards');
    const merged = mergeSweeps(paths.map(readSweep));
    if (typeof merged === 'string') throw new Refusal(merged);
    terminal.out(given.flag('json') ? `${JSON.stringify(merged)}\n` : showSweep(merged, terminal.paint));
    return EXIT.ok;
  },
};

function readSweep(path: string): Sweep {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refusal(`cannot be read: ${reason(error)}`, path);
  }
  const found = parsed(text);
  if (isSweep(found)) return found;
  throw new Refusal('it is no result of simulate --sweep … --json', path);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSweep(value: unknown): value is Sweep {
  if (typeof value !== 'object' || value === null) return false;
  const { version, trace, axes, objectives, points } = value as Partial<Record<keyof Sweep, unknown>>;
  const isRecord = (one: unknown): boolean => typeof one === 'object' && one !== null;
  return (
    version === 1 &&
    isRecord(trace) &&
    [axes, objectives, points].every(Array.isArray) &&
    (axes as { values?: unknown }[]).every((axis) => isRecord(axis) && Array.isArray(axis.values)) &&
    (points as Partial<Sweep['points'][number]>[]).every(
      (point) =>
        isRecord(point) &&
        Number.isInteger(point.index) &&
        Array.isArray(point.values) &&
        Array.isArray(point.settings),
    )
  );
}
