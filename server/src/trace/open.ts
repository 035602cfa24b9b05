import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { TraceResult } from './columns.ts';
import { createTextReader } from './read-text.ts';
import { sniff } from './sniff.ts';

/** Bytes read at a time. */
const FILE_CHUNK = 1024 * 1024;
const TEXT_CHUNK = 64 * 1024;

/**
 * Reads the trace in the file `path`, plain or compressed with gzip, without holding its text in memory. A file that
 * is missing, may not be read or is no trace gives an error: its message is a predicate of the file ("is empty"), or
 * with a `line` and a byte `offset`, both of the decompressed text, a sentence on what is there.
 */
export async function openTrace(path: string): Promise<TraceResult> {
  let file: Readable | undefined;
  try {
    file = createReadStream(path, { highWaterMark: FILE_CHUNK });
    const head = await firstChunk(file);
    if (sniff(head).kind !== 'gzip') return await readText(file);
    const gunzip = createGunzip({ chunkSize: TEXT_CHUNK });
    // An error of either stream ends both, and arrives at the reader of the last.
    pipeline(file, gunzip, () => undefined);
    return await readText(gunzip);
  } catch (error) {
    return refused(`${reasonOf(error)}`);
  } finally {
    file?.destroy();
  }
}

/** The first bytes of `stream`, which stay in it. */
async function firstChunk(stream: Readable): Promise<Uint8Array> {
  await once(stream, 'readable');
  const chunk: Uint8Array | null = stream.read();
  if (chunk) stream.unshift(chunk);
  return chunk ?? new Uint8Array(0);
}

/** Reads a stream of text to its end, or as far as it goes where it breaks off. */
async function readText(stream: Readable): Promise<TraceResult> {
  const reader = createTextReader();
  let refusal: string | undefined = sniffedReason(new Uint8Array(0));
  let first = true;
  const failure = await drain(stream, (chunk) => {
    if (first) refusal = sniffedReason(chunk);
    first = false;
    return refusal === undefined && reader.push(chunk);
  });
  if (failure && first) throw failure;
  if (refusal !== undefined) return refused(refusal);
  return reader.finish(failure && `the file breaks off here: ${reasonOf(failure)}`);
}

/**
 * Hands the chunks of `stream` to `take` until it answers false. Gives the error that broke the stream off. (Not by
 * `for await`: that drops what a stream had decompressed before its error.)
 */
function drain(stream: Readable, take: (chunk: Uint8Array) => boolean): Promise<Error | undefined> {
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
