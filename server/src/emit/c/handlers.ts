import type { Fn, Handler, IrType } from '../../ir/ir.ts';
import { hookRow } from '../../kernel/catalogue.ts';
import { createBody, declareLocal, freshName, localName, type Body, type Carrier } from './body.ts';
import { cType } from './ctypes.ts';
import { markLines } from './guard.ts';
import { WRITTEN, writingLines } from './pages.ts';
import { comment, generated, indent, type Line } from './printer.ts';
import { blockLines } from './statements.ts';
import type { Unit } from './unit.ts';

const VOID: IrType = { kind: 'void' };

/** A function of the policy as a C function. */
export function functionLines(unit: Unit, fn: Fn): Line[] {
  const { params, lines } = bodyLines(unit, fn);
  const optional = fn.result.kind === 'optional' ? fn.result.inner : fn.result;
  const type = cType(optional);
  const name = unit.globals.name(fn.name);
  // BPF passes at most five arguments, and no struct by value.
  const inline = params.length > 5 || [...fn.params.map((param) => param.type), optional].some(isString);
  const head = `static ${inline ? '__always_inline ' : ''}${type}${type.endsWith('*') ? '' : ' '}${name}(${params.join(', ') || 'void'})`;
  return framed(fn.doc, [head], lines);
}

/** The parameters and the body of a function. */
function bodyLines(
  unit: Unit,
  fn: Fn,
): { readonly params: readonly string[]; readonly lines: readonly Line[] } {
  const optional = fn.result.kind === 'optional' ? fn.result.inner : fn.result;
  const print = (carrier?: Carrier): Printed => {
    const body = createBody(unit, fn.body, fn.result, 'return', carrier);
    const params = fn.params.map((param) => paramText(body, param));
    if (carrier) freshName(body, carrier.name);
    return { body, params, lines: blockLines(body, fn.body) };
  };
  const { params, lines } = withResult(print, cType(optional), zeroOf(optional));
  return { params, lines };
}

interface Printed {
  readonly body: Body;
  readonly params: readonly string[];
  readonly lines: readonly Line[];
}

/**
 * What `print` gives. Where an inner block puts a reference back, and one returns, the result gets a variable that has a
 * value from the start: clang carries the result through the cleanup, undefined where nothing was returned, and the verifier
 * refuses to see it moved.
 */
function withResult(print: (carrier?: Carrier) => Printed, type: string, zero: string): Printed {
  const plain = print();
  const some = (what: RegExp): boolean => plain.lines.some(({ text, apart }) => !apart && what.test(text));
  if (type === 'void' || !some(/^\t.* pv_auto\(/) || !some(/^\t+return /)) return plain;
  // No jump may pass a declaration that puts something back: with one of them all is in a block, and every return leaves it.
  const wrapped = some(/^\S.* pv_auto\(/);
  const name = freshName(plain.body, 'result');
  const again = print({ name, everywhere: wrapped });
  const lines = again.lines.at(-1)?.text === 'goto out;' ? again.lines.slice(0, -1) : again.lines;
  return {
    ...again,
    lines: [
      {
        text: `${type}${type.endsWith('*') ? '' : ' '}${name} = ${zero};\t/* carried through what puts references back */`,
        origin: 'generated',
      },
      { text: '', origin: 'any' },
      ...(wrapped ? [BRACE.open, ...indent(lines), BRACE.close] : lines),
      { text: 'out:', origin: 'generated' },
      { text: `return ${name};`, origin: 'generated' },
    ],
  };
}

const zeroOf = (type: IrType): string =>
  cType(type).endsWith('*') ? 'NULL' : type.kind === 'bool' ? 'false' : '0';

const isString = (type: IrType): boolean => type.kind === 'string';

function paramText(body: Body, param: Fn['params'][number]): string {
  const text = declareLocal(body, param).replace(' __maybe_unused', '');
  // A struct that a parameter is the first to name would be one of its own.
  const struct = /struct (\w+) \*/.exec(text)?.[1];
  if (struct === 'vcpu') body.unit.features.add('vcpus');
  else if (struct !== undefined) body.unit.structs.mention(struct);
  return text;
}

/** How a handler becomes a C function. */
export interface Shape {
  /** The line before the function: its section. */
  readonly section: string | undefined;
  /** The head, given the parameters. */
  readonly head: (params: readonly string[]) => string;
  /** Does the handler begin with finding the vCPU of its thread? `first` gives the line that does, once the policy's are known. */
  readonly self?: {
    readonly name: string;
    readonly first: (used: boolean, names: readonly string[]) => readonly string[];
  };
  /** The C type of what the policy's `return` gives, where it gives a value. */
  readonly result?: string;
  /** What a `return` of the policy looks like, and the last line; `undefined` where the policy gives the value. */
  readonly plainReturn: string;
  readonly last?: string;
}

/** A handler as a C function. Pointers that only the verifier doubts are tested first. */
export function handlerLines(unit: Unit, handler: Handler, shape: Shape): Line[] {
  const print = (carrier?: Carrier): Printed => {
    const body = createBody(unit, handler.body, VOID, shape.plainReturn, carrier);
    const params = handler.params.map((param) => paramText(body, param));
    if (shape.self) body.self = { name: shape.self.name, used: false };
    if (unit.side === 'guest') body.page = WRITTEN;
    if (carrier) freshName(body, carrier.name);
    return { body, params, lines: blockLines(body, handler.body) };
  };
  const { body, params, lines: code } = withResult(print, shape.result ?? 'void', '0');
  const doubted = handler.params.filter((param, i) => isDoubted(handler, i) && body.read.has(param.id));
  const tests = doubted.flatMap((param) => [`if (!${localName(body, param)})`, `\t${shape.plainReturn};`]);
  const ends = shape.last === undefined || /^return\b/.test(code.at(-1)?.text ?? '');
  const names = handler.params.map((param) => localName(body, param));
  const first = shape.self?.first(body.self?.used === true, names) ?? [];
  const lines = [
    ...generated(...markLines(unit, handler), ...first, ...tests, ...writingLines(unit, code)),
    ...code,
    ...(ends ? [] : generated(shape.last ?? '')),
  ];
  const head = shape.head(params);
  return framed(handler.doc, shape.section === undefined ? [head] : [shape.section, head], lines);
}

/** Tracepoints of modules: the verifier takes their pointers for possibly NULL. */
function isDoubted(handler: Handler, index: number): boolean {
  if (handler.hook.family !== 'tracepoint') return false;
  return hookRow('tracepoint', handler.hook.name)?.params[index]?.[2]?.null === 'module';
}

/** A function: its head belongs to the generated file, the policy's line numbers begin with its statements. */
function framed(doc: string | undefined, head: readonly string[], lines: readonly Line[]): Line[] {
  return [
    ...generated(...comment(doc), ...head, '{'),
    ...indent(lines).map((line) => (line.text === '\tout:' ? { ...line, text: 'out:' } : line)),
    { text: '}', origin: 'generated' },
    BLANK,
  ];
}

const BRACE = { open: { text: '{', origin: 'any' }, close: { text: '}', origin: 'any' } } as const;
const BLANK: Line = { text: '', origin: 'any' };

/** A name for the C function of each handler: the same hook twice gets numbers. */
export function handlerNames(unit: Unit, prefix: (handler: Handler) => string): ReadonlyMap<Handler, string> {
  const seen = new Map<string, number>();
  return new Map(
    unit.code.handlers.map((handler) => {
      const name = prefix(handler);
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return [handler, handlerName(unit, count === 1 ? name : `${name}_${count}`)];
    }),
  );
}

/** The name unless something of the policy has it. */
export const handlerName = (unit: Unit, name: string): string =>
  unit.globals.has(name) ? `pv_${name}` : name;

/** `every_10ms`, for the function of a timer. */
export function everyName(period: bigint): string {
  const units: readonly (readonly [bigint, string])[] = [
    [1_000_000_000n, 's'],
    [1_000_000n, 'ms'],
    [1_000n, 'us'],
  ];
  const unit = units.find(([size]) => period >= size && period % size === 0n);
  return unit === undefined ? `every_${period}ns` : `every_${period / unit[0]}${unit[1]}`;
}
