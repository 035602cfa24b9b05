import type { Expr, Stmt } from '../../ir/ir.ts';
import { actionLines } from './actions.ts';
import { computed, declared, scoped } from './apart.ts';
import { atMost, declareLocal, hoist, inBlock, LEVEL, localName, type Body, type C } from './body.ts';
import { cleanupOf } from './calls.ts';
import { cType, declare } from './ctypes.ts';
import { conditionText, exprC, exprText } from './expressions.ts';
import { forEachLines, forRangeLines } from './loops.ts';
import { openPage } from './places.ts';
import { letLines, testedText, tupleLines, valueText } from './lets.ts';
import { logLine } from './log.ts';
import { matchLines } from './match.ts';
import { collectText, statText } from './counting.ts';
import type { Line } from './printer.ts';
import { indent } from './printer.ts';
import { storeLines } from './stores.ts';

/** C for a block of statements, each with the line of the policy that it comes from. */
export function blockLines(body: Body, stmts: readonly Stmt[]): Line[] {
  return stmts.flatMap((stmt, i) => stmtLines(body, stmt, i === stmts.length - 1));
}

function stmtLines(body: Body, stmt: Stmt, last: boolean): Line[] {
  const { line, before } = body;
  body.last = last;
  body.line = body.unit.lineOf(stmt.span.start);
  body.before = [];
  for (const owner of body.spans.get(stmt) ?? []) openPage(body, owner);
  const lines = plainLines(body, stmt);
  const all = [...body.before, ...lines];
  body.line = line;
  body.before = before;
  return all;
}

function plainLines(body: Body, stmt: Stmt): Line[] {
  const one = (text: string): Line[] => [{ text, origin: body.line }];
  switch (stmt.kind) {
    case 'let':
      return letLines(body, stmt);
    case 'let-tuple':
      return tupleLines(body, stmt);
    case 'set':
      return scoped(body, stmt, () =>
        one(`${localName(body, stmt.local)} = ${testedText(exprC(body, stmt.value), stmt.value.type)};`),
      );
    case 'store':
      return scoped(body, stmt, () => storeLines(body, stmt));
    case 'count':
    case 'record':
      return scoped(body, stmt, () => one(statText(body, stmt)));
    case 'collect':
      return scoped(body, stmt, () => one(collectText(body, stmt)));
    case 'if':
      return ifLines(body, stmt);
    case 'if-some':
      return ifSomeLines(body, stmt);
    case 'match':
      return matchLines(body, stmt);
    case 'for-range':
      return forRangeLines(body, stmt);
    case 'for-each':
      return forEachLines(body, stmt);
    case 'break':
    case 'continue':
      return one(`${stmt.kind};`);
    case 'return':
      return returnLines(body, stmt);
    case 'action':
      return scoped(body, stmt, () => actionLines(body, stmt.action));
    case 'log':
      return scoped(body, stmt, () => one(logLine(body, stmt.parts)));
    case 'expr':
      return scoped(body, stmt, () => one(`${effectText(exprC(body, stmt.value))};`));
  }
}

function returnLines(body: Body, stmt: Stmt & { kind: 'return' }): Line[] {
  const line = (text: string): Line => ({ text, origin: body.line });
  const { carrier } = body;
  const jumps = carrier !== undefined && (carrier.everywhere || body.blocks.length > 1);
  if (!stmt.value) return [line(jumps ? 'goto out;' : `${body.plainReturn};`)];
  const value = exprText(body, stmt.value);
  if (!jumps) return [line(`return ${value};`)];
  return [line(`${carrier.name} = ${value};`), line('goto out;')];
}

/** An expression for what it does: its value is dropped. */
const effectText = (c: C): string =>
  c.level > LEVEL.atom && c.level < LEVEL.conditional ? `(void)(${c.text})` : c.text;

/** The lines of a nested block in a C block of their own. */
export const nested = (body: Body, stmts: readonly Stmt[]): Line[] =>
  inBlock(body, () => blockLines(body, stmts), stmts);

function ifLines(body: Body, stmt: Stmt & { kind: 'if' }): Line[] {
  const condition = computed(body, stmt, 'test', () => conditionText(body, stmt.condition));
  return branches(body, `if (${condition})`, nested(body, stmt.then), stmt.otherwise);
}

function ifSomeLines(body: Body, stmt: Stmt & { kind: 'if-some' }): Line[] {
  const auto = cleanupOf(body, stmt.value);
  if (auto === undefined || body.last) return someLines(body, stmt, auto);
  // A reference is given back at the end of the `if let`, not of what is around it.
  const { before } = body;
  body.before = [];
  const lines = inBlock(body, () => someLines(body, stmt, auto));
  const inside = [...body.before, ...lines];
  body.before = before;
  return [{ text: '{', origin: 'any' }, ...indent(inside), CLOSE];
}

function someLines(body: Body, stmt: Stmt & { kind: 'if-some' }, auto: string | undefined): Line[] {
  const { local, value } = stmt;
  const declare = (): readonly [string, string] => {
    const declaration = declareLocal(body, local).replace(' __maybe_unused', '');
    return [`${declaration}${auto === undefined ? '' : ` ${auto}`}`, localName(body, local)];
  };
  const print = (): string => valueText(body, value);
  body.before.push(...declared(body, auto === undefined ? stmt : undefined, declare, print));
  const name = localName(body, local);
  if (value.kind === 'intrinsic' && local.type.kind === 'vcpu') rememberThread(body, local.id, value);
  const test = local.type.kind === 'cpu' ? `${name} >= 0` : name;
  return branches(body, `if (${test})`, nested(body, stmt.then), stmt.otherwise);
}

/** The vCPU of a known task: where its thread is needed, it is that task. */
function rememberThread(body: Body, local: number, value: Expr & { kind: 'intrinsic' }): void {
  if (value.name === 'current-vcpu') body.threads.set(local, 'bpf_get_current_task_btf()');
  const [task] = value.args;
  if (value.name === 'vcpu-of-task' && task?.kind === 'local' && !body.mutated.has(task.local.id)) {
    body.threads.set(local, localName(body, task.local));
  }
}

/** `head` with its block, and what is else; without braces where both are one line, as the kernel writes it. */
export function branches(
  body: Body,
  head: string,
  then: readonly Line[],
  otherwise: readonly Stmt[],
): Line[] {
  const start: Line = { text: head, origin: body.line };
  const rest = elseLines(body, otherwise);
  if (isSimple(then) && (rest === undefined || (rest.chain === undefined && isSimple(rest.block)))) {
    return [
      start,
      ...indent(then),
      ...(rest ? [{ text: 'else', origin: 'any' } as const, ...indent(rest.block)] : []),
    ];
  }
  const opened: Line = { ...start, text: `${head} {` };
  if (rest === undefined) return [opened, ...indent(then), CLOSE];
  if (rest.chain !== undefined) {
    const [first, ...others] = rest.chain;
    if (first === undefined) throw new Error('an empty else');
    const braced = first.text.endsWith('{') ? { first, others } : withBraces(first, others);
    return [
      opened,
      ...indent(then),
      { ...braced.first, text: `} else ${braced.first.text}` },
      ...braced.others,
    ];
  }
  return [opened, ...indent(then), { text: '} else {', origin: 'any' }, ...indent(rest.block), CLOSE];
}

const CLOSE: Line = { text: '}', origin: 'any' };

/** An unbraced `if` behind a braced one gets braces too. */
function withBraces(first: Line, others: readonly Line[]): { first: Line; others: Line[] } {
  const at = others.findIndex((line) => line.text === 'else');
  if (at < 0) return { first: { ...first, text: `${first.text} {` }, others: [...others, CLOSE] };
  const middle: Line = { text: '} else {', origin: 'any' };
  return {
    first: { ...first, text: `${first.text} {` },
    others: [...others.slice(0, at), middle, ...others.slice(at + 1), CLOSE],
  };
}

/** What follows `else`: a block, or a chain that begins with another `if` and declares nothing before it. */
function elseLines(
  body: Body,
  otherwise: readonly Stmt[],
): { readonly block: readonly Line[]; readonly chain?: readonly Line[] } | undefined {
  if (otherwise.length === 0) return undefined;
  const block = nested(body, otherwise);
  const [only] = otherwise;
  const chained = otherwise.length === 1 && (only?.kind === 'if' || only?.kind === 'if-some');
  if (chained && block[0]?.text.startsWith('if (')) return { block, chain: block };
  return { block };
}

/** One statement on one line, and no declaration. */
const isSimple = (lines: readonly Line[]): boolean =>
  lines.length === 1 && /;$/.test(lines[0]?.text ?? '') && !isDeclaration(lines[0]?.text ?? '');

export const isDeclaration = (text: string): boolean =>
  /^(const )?(struct \w+|[us]\d+|bool|void) \*?\w+.*( = |;$)/.test(text);

/** A variable for a value that is used several times. */
export function bound(body: Body, value: Expr, wanted: string): string {
  const c = exprC(body, value);
  if (value.kind === 'local' || value.kind === 'const' || value.kind === 'param') return atMost(c, LEVEL.add);
  return hoist(body, wanted, (name) => `${declare(cType(value.type), name)} = ${c.text};`);
}
