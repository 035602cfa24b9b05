import { closeSync, constants, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseFields } from '../../trace/binary/event-format.ts';
import { datHead } from '../../trace/binary/write-dat.ts';
import type { Instance } from './tracefs.ts';

/** How often the buffers are emptied. */
const POLL_MS = 20;
/** Pages of one CPU that are read before the next has its turn. */
const PAGES_A_TURN = 512;

export interface Recording {
  /** Bytes of ring-buffer pages. */
  readonly bytes: number;
  readonly seconds: number;
  readonly ended: 'time' | 'size' | 'signal';
}

interface Stream {
  readonly cpu: number;
  readonly pipe: number;
  readonly file: number;
  readonly path: string;
  size: number;
}

/**
 * Records from `instance`, whose events are on, until `seconds` have passed, `bytes` have come, or `stop` is aborted,
 * and writes the trace.dat `path`. Events are lost, and counted in the file, where they come faster than they are read.
 */
export async function record(
  instance: Instance,
  path: string,
  { seconds, bytes }: { seconds: number; bytes: number },
  stop: AbortSignal,
): Promise<Recording> {
  const root = join(instance.path, '../..');
  const pageSize = pageSizeOf(instance.readFrom(root, 'events/header_page'));
  const streams: Stream[] = [];
  const buffer = new Uint8Array(pageSize);
  const begin = performance.now();
  let total = 0;
  let ended: Recording['ended'] | undefined;
  try {
    for (const cpu of instance.cpus()) streams.push(openStream(instance, cpu, path));
    instance.write('tracing_on', '1');
    while (!ended) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      for (const stream of streams) total += drain(stream, buffer, PAGES_A_TURN);
      if (stop.aborted) ended = 'signal';
      else if (total >= bytes) ended = 'size';
      else if (performance.now() - begin >= seconds * 1000) ended = 'time';
    }
    instance.write('tracing_on', '0');
    for (const stream of streams) total += drain(stream, buffer, Infinity);
    writeFile(instance, root, path, pageSize, streams);
    return { bytes: total, seconds: (performance.now() - begin) / 1000, ended };
  } finally {
    for (const { pipe, file, path: part } of streams) {
      closeSync(pipe);
      closeSync(file);
      rmSync(part, { force: true });
    }
  }
}

/** Pages are larger where buffer_subbuf_size_kb was set. */
function pageSizeOf(headerPage: string): number {
  const data = parseFields(headerPage).get('data');
  return data ? data.offset + data.size : 4096;
}

function openStream(instance: Instance, cpu: number, path: string): Stream {
  const part = `${path}.cpu${cpu}`;
  const file = openSync(part, 'w+');
  const pages = join(instance.path, `per_cpu/cpu${cpu}/trace_pipe_raw`);
  return { cpu, pipe: openSync(pages, constants.O_RDONLY | constants.O_NONBLOCK), file, path: part, size: 0 };
}

/** Moves pages of one CPU into its file; gives their bytes. */
function drain(stream: Stream, buffer: Uint8Array, most: number): number {
  let moved = 0;
  for (let page = 0; page < most; page++) {
    let count: number;
    try {
      count = readSync(stream.pipe, buffer, 0, buffer.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') break;
      throw error;
    }
    if (count <= 0) break;
    // The kernel clears the rest of a page that is not full.
    writeSync(stream.file, buffer);
    moved += buffer.length;
  }
  stream.size += moved;
  return moved;
}

function writeFile(
  instance: Instance,
  root: string,
  path: string,
  pageSize: number,
  streams: readonly Stream[],
): void {
  const formats = new Map<string, string[]>();
  for (const line of instance.read('set_event').split('\n')) {
    const [system, name] = line.split(':');
    if (system === undefined || name === undefined) continue;
    const texts = formats.get(system) ?? [];
    texts.push(instance.readFrom(root, `events/${system}/${name}/format`));
    formats.set(system, texts);
  }
  const cpuSizes = Array.from(
    { length: Math.max(...streams.map(({ cpu }) => cpu)) + 1 },
    (_, cpu) => streams.find((stream) => stream.cpu === cpu)?.size ?? 0,
  );
  const head = datHead({
    headerPage: instance.readFrom(root, 'events/header_page'),
    headerEvent: instance.readFrom(root, 'events/header_event'),
    formats,
    comms: instance.readFrom(root, 'saved_cmdlines'),
    clock: instance.read('trace_clock').trim(),
    pageSize,
    cpuSizes,
  });
  const whole = `${path}.part`;
  const out = openSync(whole, 'w');
  try {
    writeSync(out, head);
    const chunk = new Uint8Array(1024 * 1024);
    for (const { file, size } of streams.toSorted((left, right) => left.cpu - right.cpu)) {
      for (let at = 0; at < size; at += chunk.length) {
        const count = readSync(file, chunk, 0, chunk.length, at);
        writeSync(out, chunk, 0, count);
      }
    }
  } finally {
    closeSync(out);
  }
  renameSync(whole, path);
}
