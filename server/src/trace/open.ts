import { type FileHandle, open } from 'node:fs/promises';
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { TraceResult } from './columns.ts';
import { createTextReader } from './read-text.ts';
import { sniff } from './sniff.ts';

/** Bytes read at a time. */
const FILE_CHUNK = 1024 * 1024;
/** Bytes decompressed at a time; so many may be lost before a place where the data is damaged. */
const TEXT_CHUNK = 64 * 1024;

type Chunks = AsyncIterable<Uint8Array>;

/**
 * Reads the trace in the file `path`, plain or compressed with gzip, without holding its text in memory. A file that
 * is missing, may not be read or is no trace gives an error: its message is a predicate of the file ("is empty"), or
 * with a `line` and a byte `offset`, both of the decompressed text, a sentence on what is there.
 */
export async function openTrace(path: string): Promise<TraceResult> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const chunks = chunksOf(file);
    const { value: head } = await chunks.next();
    if (!head) return refused('is empty');
    const all = following(head, chunks);
    return await (sniff(head).kind === 'gzip' ? readGzip(all) : readText((take) => feed(all, take)));
  } catch (error) {
    return refused(reasonOf(error));
  } finally {
    await file?.close();
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

function readGzip(chunks: Chunks): Promise<TraceResult> {
  const gunzip = createGunzip({ chunkSize: TEXT_CHUNK });
  // An error of the file ends both, and arrives at the reader of the last.
  pipeline(Readable.from(copied(chunks)), gunzip, () => undefined);
  return readText((take) => drain(gunzip, take));
}

/** Answers whether more is wanted. */
type Take = (chunk: Uint8Array) => boolean;

/** Reads the text that `source` hands over; it gives the error that broke it off, if one did. */
async function readText(source: (take: Take) => Promise<unknown>): Promise<TraceResult> {
  const reader = createTextReader();
  let refusal: string | undefined = sniffedReason(new Uint8Array(0));
  let first = true;
  const failure = await source((chunk) => {
    if (first) refusal = sniffedReason(chunk);
    first = false;
    return refusal === undefined && reader.push(chunk);
  });
  if (failure !== undefined && first) throw failure;
  if (refusal !== undefined) return refused(refusal);
  return reader.finish(failure === undefined ? undefined : `the file breaks off here: ${reasonOf(failure)}`);
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

/** Why a text that begins with `head` is none; undefined: it may be one. */
function sniffedReason(head: Uint8Array): string | undefined {
  const found = sniff(head);
  switch (found.kind) {
    case 'text':
      return undefined;
    case 'gzip':
      return 'is compressed twice; decompress it once with: gzip -d FILE';
    case 'unreadable':
      return found.reason;
  }
}

function refused(message: string): TraceResult {
  return { ok: false, error: { message, line: undefined, offset: undefined } };
}

/** What the system says of a file, in words; what is no error of the system is thrown on. */
function reasonOf(error: unknown): string {
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
