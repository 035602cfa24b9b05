/** What the first bytes of a file say it is. */
export type Sniffed =
  | { readonly kind: 'text' }
  | { readonly kind: 'gzip' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** So many bytes are enough for `sniff`. */
export const SNIFF_LENGTH = 4096;

const CONVERT_DAT = 'convert it with: trace-cmd report FILE > trace.txt';
const CONVERT_PERF =
  'convert it with: perf script -i FILE --ns -F comm,pid,tid,cpu,time,event,trace > trace.txt';

const MAGICS: readonly { readonly bytes: readonly number[]; readonly reason: string }[] = [
  {
    bytes: [0x17, 0x08, 0x44, 0x74, 0x72, 0x61, 0x63, 0x69, 0x6e, 0x67],
    reason: `is a trace.dat (trace-cmd binary) file; ${CONVERT_DAT}`,
  },
  { bytes: [...'PERFILE2'].map(code), reason: `is a perf.data (perf binary) file; ${CONVERT_PERF}` },
  { bytes: [...'2ELIFREP'].map(code), reason: `is a perf.data (perf binary) file; ${CONVERT_PERF}` },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], reason: 'is compressed with zstd; decompress it with: zstd -d FILE' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], reason: 'is compressed with xz; decompress it with: xz -d FILE' },
  { bytes: [0x42, 0x5a, 0x68], reason: 'is compressed with bzip2; decompress it with: bzip2 -d FILE' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], reason: 'is a zip archive; unpack it first' },
  {
    bytes: [0xc1, 0x1f, 0xfc, 0xc1],
    reason: 'is one stream of a CTF trace; convert the whole with: babeltrace2 DIRECTORY',
  },
  { bytes: [0xff, 0xfe], reason: UTF16() },
  { bytes: [0xfe, 0xff], reason: UTF16() },
];

function code(letter: string): number {
  return letter.charCodeAt(0);
}

function UTF16(): string {
  return 'is text in UTF-16, as PowerShell writes it; save it as UTF-8';
}

/** Tells what a file that begins with `head` is: at most SNIFF_LENGTH bytes of it, all of it if it is shorter. */
export function sniff(head: Uint8Array): Sniffed {
  if (head.length === 0) return { kind: 'unreadable', reason: 'is empty' };
  if (head[0] === 0x1f && head[1] === 0x8b) return { kind: 'gzip' };
  const magic = MAGICS.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte));
  if (magic) return { kind: 'unreadable', reason: magic.reason };
  const text = String.fromCharCode(...head.subarray(0, SNIFF_LENGTH));
  if (/^\s*<(?:!doctype html|html|script)/i.test(text)) {
    return {
      kind: 'unreadable',
      reason: 'is an HTML page (systrace?), which is not read yet; record ftrace text',
    };
  }
  if (/^\s*[{[]\s*(?:"|\{)/.test(text)) {
    return {
      kind: 'unreadable',
      reason: 'is JSON (a Chrome trace?), which holds no scheduler events to replay',
    };
  }
  if (!text.includes('\0')) return { kind: 'text' };
  // TracePacket, field 1 of Trace, length-delimited.
  if (head[0] === 0x0a) {
    return {
      kind: 'unreadable',
      reason: 'looks like a Perfetto trace, which is not read yet; record ftrace text',
    };
  }
  return { kind: 'unreadable', reason: 'is a binary file of a kind that is not known' };
}
