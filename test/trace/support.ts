import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { Trace, TraceError, TraceResult } from '../../server/src/trace/columns.ts';
import { fieldReader, KINDS } from '../../server/src/trace/kinds.ts';
import { createTextReader } from '../../server/src/trace/read-text.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Path of a trace in examples/traces. */
export const example = (name: string): string => join(root, 'examples/traces', name);

/** More recorded traces than a checkout brings: a folder beside it, or the one that the environment names. */
const recorded = process.env['PVPOLICY_TRACES'] ?? join(root, '../shared/traces');
export const haveRecorded = existsSync(join(recorded, 'text-variants'));
if (!haveRecorded)
  console.warn(`skipped: no recorded traces in ${recorded}; set PVPOLICY_TRACES to their folder`);
export const recordedPath = (name: string): string => join(recorded, name);

/** The decompressed text of a trace. */
export function textOf(path: string): Uint8Array {
  const bytes = readFileSync(path);
  return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
}

/** Reads `text`, handed over in pieces of `size` bytes. */
export function read(text: string | Uint8Array, size = Infinity): TraceResult {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const reader = createTextReader();
  for (let at = 0; at < bytes.length; at += size) {
    // A copy each, as a stream may use its buffer again.
    if (!reader.push(bytes.slice(at, at + Math.min(size, bytes.length)))) break;
  }
  return reader.finish();
}

export function readTrace(text: string | Uint8Array, size = Infinity): Trace {
  const result = read(text, size);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

export function readError(text: string | Uint8Array): TraceError {
  const result = read(text);
  if (result.ok) throw new Error('this should not have been read');
  return result.error;
}

export interface Event {
  readonly name: string;
  readonly time: number;
  readonly cpu: number;
  readonly tid: number;
  readonly context: number;
  readonly fields: Readonly<Record<string, number | string>>;
}

/** The rows with their fields by their names. */
export function eventsOf(trace: Trace): Event[] {
  const readers = KINDS.map(({ fields }, kind) =>
    Object.entries(fields).map(([field, place]) => {
      const read = fieldReader(trace, kind, field)!;
      return [field, place.as === 'string' ? (row: number) => trace.strings[read(row)]! : read] as const;
    }),
  );
  return Array.from({ length: trace.length }, (_, row) => ({
    name: KINDS[trace.kind[row]!]!.name,
    time: trace.time[row]!,
    cpu: trace.cpu[row]!,
    tid: trace.tid[row]!,
    context: trace.context[row]!,
    fields: Object.fromEntries(readers[trace.kind[row]!]!.map(([field, read]) => [field, read(row)])),
  }));
}

/** The one event of a text. */
export function readOne(line: string): Event {
  const trace = readTrace(`${line}\n`);
  expect(trace).toMatchObject({ length: 1, skipped: 0, notes: [] });
  return eventsOf(trace)[0]!;
}

/** A line as tracefs prints it. */
export function line(
  event: string,
  { comm = 'bash', tid = 7, cpu = 0, flags = 'd..2.', time = '12.000001' } = {},
) {
  return `${comm.padStart(16)}-${String(tid).padEnd(7)} [${String(cpu).padStart(3, '0')}] ${flags} ${time.padStart(12)}: ${event}`;
}

/** Everything of a trace that can be compared. */
export function comparable(result: TraceResult) {
  if (!result.ok) return result;
  const { time, kind, cpu, tid, context, a, b, c, wide, cpuStart, ...rest } = result.trace;
  const columns = [time, kind, cpu, tid, context, a, b, c, wide, cpuStart].map((column) => [...column]);
  return { ...rest, tasks: [...rest.tasks], counts: [...rest.counts], columns };
}

/** The events by name, as an object. */
export const countsOf = (trace: Trace): Record<string, number> => Object.fromEntries(trace.counts);

export const totalOf = (trace: Trace): number =>
  [...trace.counts.values()].reduce((sum, count) => sum + count, 0);
