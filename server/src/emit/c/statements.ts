import type { Expr, Stmt } from '../../ir/ir.ts';
import { actionLines } from './actions.ts';
import {
  atMost,
  declareLocal,
  fetchOnce,
  hoist,
  inBlock,
  LEVEL,
  localName,
  type Body,
  type C,
} from './body.ts';
import { bareKernelCall, cleanupOf } from './calls.ts';
import { cType, declare } from './ctypes.ts';
import { conditionText, exprC, exprText } from './expressions.ts';
import { forEachLines, forRangeLines } from './loops.ts';
import { logLine } from './log.ts';
import { hoistMask, isMade } from './masks.ts';
import { matchLines } from './match.ts';
import { instanceC } from './places.ts';
import { elementText, storedText } from './collections.ts';
import { ownerText } from './owners.ts';
import type { Line } from './printer.ts';
import { indent } from './printer.ts';
import { isSigned, stateField } from './state.ts';
import { storeLines } from './stores.ts';
import { helper, opaque } from './unit.ts';

/** C for a block of statements, each with the line of the policy that it comes from. */
export function blockLines(body: Body, stmts: readonly Stmt[]): Line[] {
  return stmts.flatMap((stmt) => stmtLines(body, stmt));
}

function stmtLines(body: Body, stmt: Stmt): Line[] {
  const { line, before } = body;
  body.line = body.unit.lineOf(stmt.span.start);
  body.before = [];
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
      return one(`${localName(body, stmt.local)} = ${exprText(body, stmt.value)};`);
    case 'store':
      return storeLines(body, stmt);
    case 'count':
    case 'record':
      return statLines(body, stmt);
    case 'collect':
      return one(collectText(body, stmt));
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
      return actionLines(body, stmt.action);
    case 'log':
      return one(logLine(body, stmt.parts));
    case 'expr':
      return one(`${effectText(exprC(body, stmt.value))};`);
  }
}

function returnLines(body: Body, stmt: Stmt & { kind: 'return' }): Line[] {
  const line = (text: string): Line => ({ text, origin: body.line });
  if (!stmt.value) return [line(`${body.plainReturn};`)];
  const value = exprText(body, stmt.value);
  if (body.resultVariable === undefined || body.blocks.length === 1) return [line(`return ${value};`)];
  return [line(`${body.resultVariable} = ${value};`), line('goto out;')];
}

/** An expression for what it does: its value is dropped. */
const effectText = (c: C): string =>
  c.level > LEVEL.atom && c.level < LEVEL.conditional ? `(void)(${c.text})` : c.text;

function letLines(body: Body, stmt: Stmt & { kind: 'let' }): Line[] {
  const text = letText(body, stmt);
  return text === '' ? [] : [{ text, origin: body.line }];
}

/** The declaration; nothing where the local is another name for what there is. */
function letText(body: Body, stmt: Stmt & { kind: 'let' }): string {
  const { local, value } = stmt;
  if (local.type.kind === 'cpumask' && isMade(value)) {
    const name = hoistMask(body, value, local.name);
    body.names.set(local.id, name);
    body.ownedMasks.add(local.id);
    // The declaration is the statement.
    return body.before.pop()?.text ?? '';
  }
  if (value.kind === 'local' && body.ownedMasks.has(value.local.id)) {
    // Another name for the same mask, which lives as long as the block that made it.
    body.names.set(local.id, localName(body, value.local));
    body.ownedMasks.add(local.id);
    return '';
  }
  const known = value.kind === 'const' && local.type.kind === 'int' && body.carried.has(local.id);
  const text = known ? opaque(body.unit, valueText(body, value)) : valueText(body, value, local.id);
  const auto = cleanupOf(body, value);
  return `${declareLocal(body, local)}${auto === undefined ? '' : ` ${auto}`} = ${text};`;
}

/** The value of a declaration, which takes over the reference that a call may give. */
function valueText(body: Body, value: Expr, local?: number): string {
  if (value.kind === 'kernel-call') return bareKernelCall(body, value).text;
  const c = exprC(body, value);
  if (local !== undefined && c.guards !== undefined && value.type.kind === 'task') body.doubted.add(local);
  return c.text;
}

/** Out-parameters are declared first, then the call's own result. */
function tupleLines(body: Body, stmt: Stmt & { kind: 'let-tuple' }): Line[] {
  const [first, ...outs] = stmt.locals;
  if (stmt.value.kind !== 'kernel-call' || first === undefined)
    throw new Error('only kernel calls give tuples');
  const declared = outs.map((local) => {
    const zero = local.type.kind === 'bool' ? 'false' : '0';
    return { text: `${declareLocal(body, local)} = ${zero};`, origin: body.line } as const;
  });
  const call = bareKernelCall(
    body,
    stmt.value,
    outs.map((local) => `&${localName(body, local)}`),
  );
  return [...declared, { text: `${declareLocal(body, first)} = ${call.text};`, origin: body.line }];
}

type Stat = Stmt & { kind: 'count' | 'record' };

/** Counts or records for whom it is kept; what is kept for all is looked up once a block. */
function statLines(body: Body, stmt: Stat): Line[] {
  const { unit } = body;
  const line = (text: string): Line => ({ text, origin: body.line });
  const kept = stmt.kind === 'count' ? unit.program.counters : unit.program.histograms;
  const name = stmt.kind === 'count' ? stmt.counter : stmt.histogram;
  const per = kept.find((candidate) => candidate.name === name)?.per ?? 'global';
  unit.features.add(`stats ${per}`);
  unit.features.add(`counts ${per}`);
  const field = unit.fields.counter.name(name);
  if (per !== 'global') {
    const owner = `pv_${per}_stats(${ownerText(body, per, stmt.entity)})`;
    return [line(statText(body, stmt, `${owner}->${field}`))];
  }
  const declaration = (variable: string): string => `struct global_stats *${variable} = pv_global_stats();`;
  const stats = fetchOnce(body, 'global stats', undefined, 'stats', declaration);
  return [line(`if (${stats})`), line(`\t${statText(body, stmt, `${stats}->${field}`)}`)];
}

function statText(body: Body, stmt: Stat, place: string): string {
  return stmt.kind === 'count'
    ? `__sync_fetch_and_add(&${place}, ${exprText(body, stmt.amount)});`
    : `${helper(body.unit, 'pv_record')}(&${place}, ${exprText(body, stmt.value)});`;
}

function collectText(body: Body, stmt: Stmt & { kind: 'collect' }): string {
  const { unit } = body;
  const { instance } = stmt;
  const { type } = stateField(unit, instance.scope, stmt.field);
  const field = `${instanceC(body, instance)}${unit.fields[instance.scope].name(stmt.field)}`;
  if (stmt.op === 'clear') return `${field}.len = 0;`;
  if (stmt.value === undefined) throw new Error(`${stmt.op} of nothing`);
  if (type.kind === 'ewma') {
    const update = helper(unit, isSigned(type.type) ? 'pv_saverage' : 'pv_average');
    return `${update}(&${field}, ${storedText(body, stmt.value)}, ${type.alpha});`;
  }
  const name = type.kind === 'ring' ? 'pv_ring_push' : stmt.op === 'push' ? 'pv_list_push' : 'pv_list_remove';
  return `${helper(unit, name)}(&${field}, ${elementText(body, stmt.value)});`;
}

/** The lines of a nested block in a C block of their own. */
export const nested = (body: Body, stmts: readonly Stmt[]): Line[] =>
  inBlock(body, () => blockLines(body, stmts));

function ifLines(body: Body, stmt: Stmt & { kind: 'if' }): Line[] {
  const condition = conditionText(body, stmt.condition);
  return branches(body, `if (${condition})`, nested(body, stmt.then), stmt.otherwise);
}

function ifSomeLines(body: Body, stmt: Stmt & { kind: 'if-some' }): Line[] {
  const { local, value } = stmt;
  const text = valueText(body, value);
  const auto = cleanupOf(body, value);
  const declaration = declareLocal(body, { ...local, id: local.id }).replace(' __maybe_unused', '');
  const name = localName(body, local);
  if (value.kind === 'intrinsic' && local.type.kind === 'vcpu') rememberThread(body, local.id, value);
  body.before.push({
    text: `${declaration}${auto === undefined ? '' : ` ${auto}`} = ${text};`,
    origin: body.line,
  });
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
