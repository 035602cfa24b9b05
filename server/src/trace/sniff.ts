/** Formats that are not text, and are read as a whole file. */
export type BinaryKind = 'trace.dat' | 'perf.data' | 'perfetto' | 'tar';

/** What the first bytes of a file say it is. */
export type Sniffed =
  | { readonly kind: 'text'; readonly html: boolean }
  | { readonly kind: 'packed'; readonly by: 'gzip' | 'zstd' }
  | { readonly kind: 'binary'; readonly format: BinaryKind }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** So many bytes are enough for `sniff`. */
export const SNIFF_LENGTH = 4096;

const unreadable = (reason: string): Sniffed => ({ kind: 'unreadable', reason });
const UTF16 = unreadable('is text in UTF-16, as PowerShell writes it; save it as UTF-8');

const MAGICS: readonly { readonly bytes: readonly number[]; readonly is: Sniffed }[] = [
  { bytes: [0x1f, 0x8b], is: { kind: 'packed', by: 'gzip' } },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], is: { kind: 'packed', by: 'zstd' } },
  {
    bytes: [0x17, 0x08, 0x44, 0x74, 0x72, 0x61, 0x63, 0x69, 0x6e, 0x67],
    is: { kind: 'binary', format: 'trace.dat' },
  },
  { bytes: [...'PERFILE2'].map(code), is: { kind: 'binary', format: 'perf.data' } },
  { bytes: [...'2ELIFREP'].map(code), is: { kind: 'binary', format: 'perf.data' } },
  {
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    is: unreadable('is compressed with xz; decompress it with: xz -d FILE'),
  },
  {
    bytes: [0x42, 0x5a, 0x68],
    is: unreadable('is compressed with bzip2; decompress it with: bzip2 -d FILE'),
  },
  { bytes: [0x50, 0x4b, 0x03, 0x04], is: unreadable('is a zip archive; unpack it first') },
  {
    bytes: [0xc1, 0x1f, 0xfc, 0xc1],
    is: unreadable('is one stream of a CTF trace: name the folder that has its metadata'),
  },
  { bytes: [0xff, 0xfe], is: UTF16 },
  { bytes: [0xfe, 0xff], is: UTF16 },
];

const PAGES =
  "looks like the ring buffer of one CPU, which says nothing of its events; name the folder that has it as traces/cpuN, or per_cpu/cpuN/trace_pipe_raw, and the events' format files";

/** Does a page of a ring buffer begin here: a time, how much there is, and a record? */
function isPage(head: Uint8Array): boolean {
  if (head.length < SNIFF_LENGTH) return false;
  const view = new DataView(head.buffer, head.byteOffset, SNIFF_LENGTH);
  const size = view.getUint32(8, true) & 0xfffff;
  const type = view.getUint32(16, true) & 31;
  return (
    view.getUint32(4, true) < 2 ** 28 &&
    view.getUint32(12, true) === 0 &&
    size >= 8 &&
    size <= 4080 &&
    type > 0
  );
}

/**
 * Does a packet of a Perfetto trace begin here: field 1 of Trace, with fields of TracePacket in it? A text may begin
 * with the same byte, but not go on so.
 */
function isPacket(head: Uint8Array): boolean {
  let at = 1;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = head[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  if (head[0] !== 0x0a) return false;
  const size = varint();
  const end = Math.min(at + size, head.length, SNIFF_LENGTH);
  if (!(size > 0)) return false;
  while (at < end) {
    const key = varint();
    const field = Math.floor(key / 8);
    if (!(field >= 1 && field < 1000)) return false;
    if (key % 8 === 0) varint();
    else if (key % 8 === 1) at += 8;
    else if (key % 8 === 2) {
      const length = varint();
      at += length;
    } else if (key % 8 === 5) at += 4;
    else return false;
    if (Number.isNaN(at)) return false;
  }
  // A packet that ends in this piece ends where its last field does.
  return at === end || end === head.length || end === SNIFF_LENGTH;
}

function code(letter: string): number {
  return letter.charCodeAt(0);
}

/** Tells what a file that begins with `head` is: at most SNIFF_LENGTH bytes of it, all of it if it is shorter. */
export function sniff(head: Uint8Array): Sniffed {
  if (head.length === 0) return unreadable('is empty');
  const magic = MAGICS.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte));
  if (magic) return magic.is;
  const text = String.fromCharCode(...head.subarray(0, SNIFF_LENGTH));
  if (/^\s*<(?:!doctype html|html|script)/i.test(text)) return { kind: 'text', html: true };
  if (/^\s*[{[]\s*(?:"|\{)/.test(text))
    return unreadable('is JSON (a Chrome trace?), which holds no scheduler events to replay');
  if (/[\0-\x08]/.test(text) && isPacket(head)) return { kind: 'binary', format: 'perfetto' };
  if (!text.includes('\0')) return { kind: 'text', html: false };
  if (text.startsWith('ustar', 257)) return { kind: 'binary', format: 'tar' };
  if (isPage(head)) return unreadable(PAGES);
  return unreadable('is a binary file of a kind that is not known');
}
