/** Text of a file, and why it is no text: the zero-based line of the first wrong byte and a reason. */
export interface Decoded {
  /** Wrong bytes are replaced, so that lines can still be counted. */
  readonly text: string;
  readonly problem: { readonly line: number; readonly reason: string } | undefined;
}

const NEWLINE = 10;

/** Reads UTF-8, with or without a byte order mark. Anything else is a problem that says what it looks like. */
export function decode(bytes: Uint8Array): Decoded {
  const text = new TextDecoder('utf-8').decode(bytes);
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const reason = utf16 ? 'it is UTF-16' : 'it has a zero byte, as binary files have';
    return { text, problem: { line: lineOf(bytes, zero), reason } };
  }
  if (isUtf8(bytes)) return { text, problem: undefined };
  return { text, problem: { line: firstWrongLine(bytes), reason: 'it has a byte that is no UTF-8' } };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A newline is never part of a longer UTF-8 sequence, so lines can be tried one by one. */
function firstWrongLine(bytes: Uint8Array): number {
  let line = 0;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
  return line;
}

function lineOf(bytes: Uint8Array, offset: number): number {
  let line = 0;
  for (let i = 0; i < offset; i++) if (bytes[i] === NEWLINE) line++;
  return line;
}
