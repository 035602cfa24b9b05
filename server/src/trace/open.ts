import { type FileHandle, open } from 'node:fs/promises';
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteSource } from './binary/bytes.ts';
import { Gathered } from './binary/gathered.ts';
import type { TraceResult } from './columns.ts';
import { fileSource } from './node/file-source.ts';
import { prepareZstd, unpack, unzstd } from './node/unpack.ts';
import { ZstdError } from './node/zstd-error.ts';
import { type TextReader, createTextReader } from './read-text.ts';
import { createSystraceReader } from './systrace.ts';
import { type BinaryKind, type Sniffed, sniff } from './sniff.ts';

/** Bytes read at a time. */
const FILE_CHUNK = 1024 * 1024;
/** Bytes decompressed at a time; so many may be lost before a place where the data is damaged. */
const TEXT_CHUNK = 64 * 1024;
/**
 * A compressed file that is not text has to be unpacked in memory: no more than this, and no more than a trace of its
 * size deserves.
 */
const MOST_UNPACKED = 2 ** 31;
const MOST_TIMES = 64;
const ALWAYS_UNPACKED = 64 * 1024 * 1024;
const TOO_LARGE = 'is too large to be unpacked in memory; decompress it first';

type Chunks = AsyncIterable<Uint8Array>;

/**
 * Reads the trace in the file `path`, plain or compressed with gzip or zstd, without holding its text in memory. A
 * file that is missing, may not be read or is no trace gives an error: its message is a predicate of the file ("is
 * empty"), or with a byte `offset`, of the decompressed file, and in text a `line`, a sentence on what is there. `most`:
 * about so many events are wanted, from the beginning; the result says whether there are more (of a Perfetto trace that
 * holds one CPU after the other, all are read).
 */
export async function openTrace(path: string, most = Infinity): Promise<TraceResult> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const stat = await file.stat();
    if (stat.isDirectory()) return await readFolder(path, most);
    const chunks = chunksOf(file);
    const { value: head } = await chunks.next();
    if (!head) return refused('is empty');
    return await readFrom(file, stat.size, sniff(head), following(head, chunks), most);
  } catch (error) {
    return refused(reasonOf(error));
  } finally {
    await file?.close();
  }
}

/** Reads `file` of `size` bytes, all of which are in `chunks`. */
function readFrom(
  file: FileHandle,
  size: number,
  found: Sniffed,
  chunks: Chunks,
  most: number,
): Promise<TraceResult> {
  switch (found.kind) {
    case 'text':
      return readStream((take) => feed(chunks, take), 0, most);
    case 'packed': {
      const room = Math.min(MOST_UNPACKED, Math.max(ALWAYS_UNPACKED, MOST_TIMES * size));
      const source: Source =
        found.by === 'gzip' ? gunzipped(chunks) : (take) => feed(unzstd(chunks, size), take);
      return readStream(source, room, most);
    }
    case 'binary':
      return readBinary(found.format, fileSource(file), most);
    case 'unreadable':
      return Promise.resolve(refused(found.reason));
  }
}

/** Reads a file that is not text; its reader is loaded when it is first needed. */
async function readBinary(format: BinaryKind, source: ByteSource, most: number): Promise<TraceResult> {
  switch (format) {
    case 'tar': {
      const { readTar } = await import('./binary/tar.ts');
      return limited((await import('./binary/raw-pages.ts')).readRawPages(readTar(source), most), most);
    }
    case 'trace.dat':
      await prepareZstd(source.size);
      return limited((await import('./binary/trace-dat.ts')).readTraceDat(source, unpack, most), most);
    case 'perfetto':
      return (await import('./perfetto/read.ts')).readPerfetto(source, unpack, most);
    case 'perf.data':
      return limited((await import('./binary/perf-data.ts')).readPerfData(source, unpack, most), most);
  }
}

/** A CTF trace has a description of its own, and none of the kernel's. */
function isCtf(files: readonly { readonly path: string }[]): boolean {
  const has = (name: RegExp): boolean => files.some(({ path }) => name.test(path));
  return has(/(?:^|\/)metadata$/) && !has(/\/format$/);
}

/** Reads a folder with the pages of ring buffers, or with a CTF trace. */
async function readFolder(path: string, most: number): Promise<TraceResult> {
  const { filesIn } = await import('./node/folder.ts');
  const files = filesIn(path);
  try {
    if (isCtf(files.all)) return await (await import('./node/babeltrace.ts')).readCtf(path, most);
    return limited((await import('./binary/raw-pages.ts')).readRawPages(files.all, most), most);
  } finally {
    files.close();
  }
}

/** The bytes of `file`, always in the same buffer: each chunk has to be done with before the next is asked for. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array, undefined> {
  const buffer = Buffer.allocUnsafe(FILE_CHUNK);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return undefined;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* following(head: Uint8Array, rest: Chunks): Chunks {
  yield head;
  yield* rest;
}

async function* copied(chunks: Chunks): Chunks {
  for await (const chunk of chunks) yield Uint8Array.from(chunk);
}

/** Answers whether more is wanted. */
type Take = (chunk: Uint8Array) => boolean;
/** Hands over what it has; gives the error that broke it off, if one did. */
type Source = (take: Take) => Promise<unknown>;

function gunzipped(chunks: Chunks): Source {
  const gunzip = createGunzip({ chunkSize: TEXT_CHUNK });
  // An error of the file ends both, and arrives at the reader of the last.
  pipeline(Readable.from(copied(chunks)), gunzip, () => undefined);
  return (take) => drain(gunzip, take);
}

/** Says of what was read up to `most` events whether the file goes on. */
function limited(result: TraceResult, most: number): TraceResult {
  if (!result.ok || most === Infinity) return result;
  const events = [...result.trace.counts.values()].reduce((sum, count) => sum + count, 0);
  return events >= most ? { ...result, more: true } : result;
}

/**
 * Reads what `source` hands over, about `most` events: text as it comes; what is not text is gathered first, at most
 * `room` bytes.
 */
async function readStream(source: Source, room: number, most: number): Promise<TraceResult> {
  let reader: TextReader = createTextReader();
  const gathered = new Gathered();
  let format: BinaryKind | undefined;
  let refusal: string | undefined;
  let first = true;
  const failure = await source((chunk) => {
    if (first) {
      const found = sniff(chunk);
      if (found.kind === 'text' && found.html) reader = createSystraceReader();
      if (found.kind === 'unreadable') refusal = found.reason;
      if (found.kind === 'packed')
        refusal = `is compressed twice; decompress it once with: ${found.by} -d FILE`;
      if (found.kind === 'binary') format = found.format;
      first = false;
    }
    if (refusal !== undefined) return false;
    if (!format) return reader.push(chunk) && reader.events < most;
    gathered.append(chunk);
    if (gathered.size > room) refusal = TOO_LARGE;
    return refusal === undefined;
  });
  if (failure !== undefined && first) throw failure;
  if (first) return refused('is empty');
  if (refusal !== undefined) return refused(refusal);
  const cut = failure === undefined ? undefined : `the file breaks off here: ${reasonOf(failure)}`;
  if (!format) return limited(reader.finish(cut), most);
  return withCut(await readBinary(format, gathered, most), cut, gathered.size);
}

/** Adds to what was read that the file breaks off at `offset`. */
function withCut(result: TraceResult, cut: string | undefined, offset: number): TraceResult {
  if (cut === undefined || !result.ok) return result;
  const { trace } = result;
  const notes = [...trace.notes, { message: cut, line: undefined, offset, count: 1 }];
  return { ok: true, trace: { ...trace, notes, skipped: trace.skipped + 1 } };
}

/** Hands `chunks` to `take` until it answers false. Gives the error that broke them off. */
async function feed(chunks: Chunks, take: Take): Promise<unknown> {
  try {
    for await (const chunk of chunks) if (!take(chunk)) break;
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Hands the chunks of `stream` to `take` until it answers false. Gives the error that broke the stream off. (Not by
 * `for await`: that drops what a stream had decompressed before its error.)
 */
function drain(stream: Readable, take: Take): Promise<unknown> {
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Uint8Array) => {
      try {
        if (!take(chunk)) stream.destroy();
      } catch (bug) {
        stream.destroy();
        reject(bug);
      }
    });
    stream.once('error', resolve);
    stream.once('close', () => resolve(undefined));
  });
}

function refused(message: string): TraceResult {
  return { ok: false, error: { message, line: undefined, offset: undefined } };
}

/** What the system says of a file, in words; what is no error of the system is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof ZstdError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  switch (code) {
    case undefined:
      throw error;
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EISDIR':
      return 'is a directory, not a file';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read: permission denied';
    case 'Z_BUF_ERROR':
      return 'the gzip data ends too early';
    case 'Z_DATA_ERROR':
      return 'the gzip data is damaged';
    default:
      return `cannot be read (${code})`;
  }
}
