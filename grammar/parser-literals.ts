import type { Diagnostic } from '../server/src/diagnostics/diagnostic.ts';
import { diagnostic } from '../server/src/diagnostics/table.ts';
import type { Token } from './parser-layout.ts';
import { spanOf } from './parser-lexical.ts';

const LARGEST = (1n << 64n) - 1n;
/** No number that fits has more digits; longer ones are refused before the cost of converting them. */
const MOST_DIGITS = 80;

const NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
};

/** The value of a number; undefined, with a diagnostic, if it does not fit in 64 bits. */
export function intValue(token: Token, out: Diagnostic[]): bigint | undefined {
  const digits = token.image.replaceAll('_', '');
  return fit(digits.length > MOST_DIGITS ? LARGEST + 1n : BigInt(digits), token, out);
}

/** The value of a duration in ns; undefined, with a diagnostic, if it is no whole number of them or too large. */
export function durationValue(token: Token, out: Diagnostic[]): bigint | undefined {
  const unit = /[a-z]+$/.exec(token.image)?.[0] ?? 'ns';
  const { digits, scale } = decimal(token.image.slice(0, -unit.length));
  if (digits.length > MOST_DIGITS) return fit(LARGEST + 1n, token, out);
  const scaled = BigInt(digits) * (NS[unit] ?? 1n);
  if (scaled % scale !== 0n) {
    out.push(diagnostic('PV1007', spanOf(token), { text: token.image }));
    return undefined;
  }
  return fit(scaled / scale, token, out);
}

/** The value of `25%` or `0.3` in units of 1/1024, rounded to the nearest. */
export function ratioValue(token: Token, out: Diagnostic[]): bigint | undefined {
  const percent = token.image.endsWith('%');
  const { digits, scale } = decimal(percent ? token.image.slice(0, -1) : token.image);
  if (digits.length > MOST_DIGITS) return fit(LARGEST + 1n, token, out);
  const divisor = scale * (percent ? 100n : 1n);
  return fit((BigInt(digits) * 1024n * 2n + divisor) / (divisor * 2n), token, out);
}

/** `12.5` as the digits 125 and the scale 10. */
function decimal(image: string): { digits: string; scale: bigint } {
  const [whole = '', fraction = ''] = image.replaceAll('_', '').split('.');
  if (fraction.length > MOST_DIGITS) return { digits: whole + fraction, scale: 1n };
  return { digits: whole + fraction, scale: 10n ** BigInt(fraction.length) };
}

function fit(value: bigint, token: Token, out: Diagnostic[]): bigint | undefined {
  if (value <= LARGEST) return value;
  const text = token.image.length > 40 ? `${token.image.slice(0, 40)}…` : token.image;
  out.push(diagnostic('PV1005', spanOf(token), { text }));
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\', '{': '{' };

/** Resolves the escapes of a text that starts at `offset` of the file. */
export function unescape(text: string, offset: number, out: Diagnostic[]): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\s\S]?)/g, (whole, c: string, at: number) => {
    const value = ESCAPES[c];
    if (value !== undefined) return value;
    if (c !== '') {
      const start = offset + at;
      out.push(diagnostic('PV1008', { start, end: start + 2 }, { text: whole }));
    }
    return c;
  });
}
