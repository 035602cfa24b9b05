import type { TraceResult } from '../columns.ts';
import { REFUSALS } from '../other-lines.ts';
import { type ByteSource, viewOf } from './bytes.ts';
import { CpuStream, type Pages } from './cpu-stream.ts';
import { mergeStreams } from './merge.ts';
import { pageLayout } from './page-layout.ts';
import { Records } from './records.ts';
import type { NamedSource } from './tar.ts';
import { clockIn } from './trace-dat-head.ts';
import { NO_TIME, commsIn } from './trace-dat.ts';

/** What a file is, by its path: copies of tracefs, and the archives of SchedViz. */
const PAGES = /(?:^|\/)(?:cpu(\d+)\/trace_pipe_raw|cpu(\d+))$/;
const PAGE_SIZE = 4096;
const PAGES_AT_ONCE = 16;
const LARGEST_TEXT = 1024 * 1024;
const EXPECTED =
  'holds no trace: expected are traces/cpuN or per_cpu/cpuN/trace_pipe_raw, and SYSTEM/EVENT/format of its events';
const CTF = 'is an archive of a CTF trace: unpack it, and name its folder';
const decoder = new TextDecoder();

/** Reads the pages of ring buffers, one file a CPU, with the `format` files of their events among `files`; `most` events. */
export function readRawPages(files: readonly NamedSource[], most = Infinity): TraceResult {
  const text = (name: string): string => {
    const found = files.find(({ path }) => path === name || path.endsWith(`/${name}`));
    return found ? textOf(found.source) : '';
  };
  const cpus = files.flatMap(({ path, source }) => {
    const [, piped, plain] = PAGES.exec(path) ?? [];
    const cpu = Number(piped ?? plain);
    return cpu <= 0x7fff && source.size >= 16 ? [{ cpu, source }] : [];
  });
  const formats = files.filter(({ path }) => path.endsWith('/format'));
  if (formats.length === 0 && files.some(({ path }) => /(?:^|\/)metadata$/.test(path))) return refused(CTF);
  if (cpus.length === 0 || formats.length === 0) return refused(EXPECTED);
  const clock = clockIn(text('trace_clock'));
  if (NO_TIME.test(clock)) return refused(`its clock is ${clock}: ${REFUSALS.cycles}`);
  // Machines that these pages come from are little-endian, or a header_page would not tell.
  const layout = pageLayout(text('header_page'), true);
  const records = new Records(true, commsIn(text('saved_cmdlines')));
  for (const { source } of formats) records.addFormat(textOf(source));
  const { collected } = records;
  const bases = cpus.map(({ source }) => viewOf(source.read(0, 16)).getBigUint64(layout.timestamp, true));
  const base = bases.reduce((least, time) => (time < least ? time : least));
  collected.columns.setBase(Number(base / 1_000_000_000n), Number(base % 1_000_000_000n));
  const streams = cpus.map(
    ({ cpu, source }) =>
      new CpuStream(cpu, pagesIn(source), PAGE_SIZE, layout, base, {
        lost: (count, offset) => collected.sawLoss(count, undefined, offset),
        damaged: (message, offset) => collected.skip(message, undefined, offset),
      }),
  );
  mergeStreams(streams, (stream) => records.take(stream), most);
  if (collected.total === 0) return refused(collected.notes.list()[0]?.message ?? EXPECTED);
  for (const line of text('saved_tgids').split('\n')) {
    const [, tid, tgid] = /^(\d+) (\d+)$/.exec(line) ?? [];
    if (tid !== undefined && collected.tasks.has(Number(tid)))
      collected.tasks.group(Number(tid), Number(tgid));
  }
  return { ok: true, trace: collected.trace('raw-pages', clock) };
}

function refused(message: string): TraceResult {
  return { ok: false, error: { message, line: undefined, offset: undefined } };
}

function textOf(source: ByteSource): string {
  return decoder.decode(source.read(0, Math.min(source.size, LARGEST_TEXT)));
}

function pagesIn(source: ByteSource): Pages {
  let offset = 0;
  const memory = new Uint8Array(PAGES_AT_ONCE * PAGE_SIZE);
  return () => {
    if (offset >= source.size) return undefined;
    const bytes = source.read(offset, memory.length, memory);
    const block = { bytes, offset };
    offset += bytes.length;
    return bytes.length > 0 ? block : undefined;
  };
}
