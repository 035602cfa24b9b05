import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { closest } from '../diagnostics/suggest.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { classNumber } from '../emit/executor/classes.ts';
import { valueOf, type Value } from '../emit/executor/host.ts';
import { canonical } from '../emit/executor/number.ts';
import { showValue } from '../emit/executor/show.ts';
import type { IrType, ParamDef, Program } from '../ir/ir.ts';

/** A param with the value that it is to have. */
export interface Setting {
  readonly name: string;
  readonly value: Value;
}

const NOWHERE: Span = { start: 0, end: 0 };

/** Reads `name=value` from the command line: the value as the language writes it, within the param's range. */
export function parseSetting(program: Program, text: string): Setting | Diagnostic {
  const at = text.indexOf('=');
  const name = (at < 0 ? text : text.slice(0, at)).trim();
  const written = at < 0 ? '' : text.slice(at + 1).trim();
  const param = program.params.find((candidate) => candidate.name === name);
  if (!param) {
    const names = program.params.map((candidate) => candidate.name);
    const known = names.length === 0 ? 'none' : names.join(', ');
    return diagnostic('PV7055', NOWHERE, { name, near: closest(name, names), known });
  }
  const value = parseValue(written, param.type, program);
  const mask = param.type.kind === 'cpumask';
  if (value === undefined) {
    const wanted = example(param, program);
    return diagnostic('PV7056', param.span, { name, text: written, wanted });
  }
  return (
    outOfRange(param, value, program) ?? {
      name,
      value: valueOf(value, mask),
    }
  );
}

/** What a value of the param looks like: its default. */
function example(param: ParamDef, program: Program): string {
  return `something like ${showValue(valueOf(param.value, param.type.kind === 'cpumask'), param.type, program)}`;
}

function outOfRange(param: ParamDef, value: bigint | boolean, program: Program): Diagnostic | undefined {
  const range = param.range ?? natural(param.type);
  if (!range || typeof value === 'boolean' || (value >= range.lo && value <= range.hi)) return undefined;
  const show = (bound: bigint): string => showValue(canonical(bound), param.type, program);
  return diagnostic('PV7057', param.span, {
    name: param.name,
    value: show(value),
    lo: show(range.lo),
    hi: show(range.hi),
  });
}

/** The values that a type can hold. */
function natural(type: IrType): { lo: bigint; hi: bigint } | undefined {
  if (type.kind !== 'int') return undefined;
  switch (type.unit) {
    case 'nice':
      return { lo: -20n, hi: 19n };
    case 'rt_prio':
      return { lo: 1n, hi: 99n };
    case 'weight':
      return { lo: 1n, hi: 10_000n };
    default: {
      const bits = BigInt(type.bits);
      return type.signed
        ? { lo: -(1n << (bits - 1n)), hi: (1n << (bits - 1n)) - 1n }
        : { lo: 0n, hi: (1n << bits) - 1n };
    }
  }
}

const SCALE: Readonly<Record<string, number>> = { ns: 0, us: 3, ms: 6, s: 9 };
/** A value of `type` as the language writes it; undefined where the text is none. */
export function parseValue(text: string, type: IrType, program: Program): bigint | boolean | undefined {
  if (type.kind === 'bool') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (type.kind === 'cpu') return parseInteger(text);
  if (type.kind === 'cpumask') return parseCpus(text);
  if (type.kind !== 'int') return undefined;
  const { unit } = type;
  if (typeof unit !== 'string') {
    if (!('enum' in unit)) return parseInteger(text);
    const member = text.replace(`${unit.enum}.`, '');
    return program.enums.find(({ name }) => name === unit.enum)?.members.find(({ name }) => name === member)
      ?.value;
  }
  switch (unit) {
    case 'duration':
    case 'instant':
    case 'vtime':
      return parseDuration(text);
    case 'ratio':
      return parseRatio(text);
    case 'sched_class':
      return classNumber(text);
    default:
      return parseInteger(text);
  }
}

function parseInteger(text: string): bigint | undefined {
  const digits = text.replaceAll('_', '');
  if (!/^(-?\d+|0x[\da-f]+|0b[01]+)$/i.test(digits)) return undefined;
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits);
}

/** CPUs as the kernel writes them: `0,4-7`. */
function parseCpus(text: string): bigint | undefined {
  let mask = 0n;
  for (const part of text.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return undefined;
    mask |= ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first);
  }
  return mask;
}

/** `500us`, `1.5ms`; whole nanoseconds only. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^(\d[\d_]*)(?:\.(\d+))?(ns|us|ms|s)$/.exec(text);
  if (!match) return undefined;
  const [, whole = '', fraction = '', unit = 'ns'] = match;
  const digits = SCALE[unit] ?? 0;
  const exact = fraction.replace(/0+$/, '');
  if (exact.length > digits) return undefined;
  return BigInt(whole.replaceAll('_', '') + exact.padEnd(digits, '0'));
}

/** `25%`, `0.3`; in 1/1024, rounded to the nearest. */
function parseRatio(text: string): bigint | undefined {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  if (!match) return undefined;
  return BigInt(Math.round((Number(match[1]) * 1024) / (match[2] === '%' ? 100 : 1)));
}
