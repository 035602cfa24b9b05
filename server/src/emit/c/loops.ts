import type { Expr, Stmt } from '../../ir/ir.ts';
import { atMost, declareLocal, freshName, inBlock, LEVEL, localName, type Body, type C } from './body.ts';
import { cType } from './ctypes.ts';
import { exprText } from './expressions.ts';
import { MOST_CPUS } from './helpers-kernel.ts';
import { ROOM } from './maps.ts';
import { isLiteral, isMade, rangesOf } from './mask-kinds.ts';
import { hasC, hoistMask, memberC, ownedMask } from './masks.ts';
import { instanceC } from './places.ts';
import { element } from './collections.ts';
import { indent, type Line } from './printer.ts';
import { stateField } from './state.ts';
import { blockLines, bound } from './statements.ts';
import { helper, opaque } from './unit.ts';
import { walkExpr } from './walk.ts';

type Range = Stmt & { kind: 'for-range' };
type Each = Stmt & { kind: 'for-each' };

const CLOSE: Line = { text: '}', origin: 'any' };

/** A loop on one line, what comes first in its body, and the body itself. */
function loop(body: Body, head: string, first: readonly string[], stmts: readonly Stmt[]): Line[] {
  const at = (text: string): Line => ({ text, origin: body.line });
  body.loops++;
  const inner = inBlock(body, () => blockLines(body, stmts), stmts);
  body.loops--;
  return [at(`${head} {`), ...indent([...first.map(at), ...inner]), CLOSE];
}

/** Declares the loop's variable before the loop, where a macro sets it. No code comes of that. */
function variable(body: Body, stmt: Each | Range): string {
  const declaration = declareLocal(body, stmt.local).replace(' __maybe_unused', '');
  body.before.push({ text: `${declaration};`, origin: 'any' });
  return localName(body, stmt.local);
}

export function forRangeLines(body: Body, stmt: Range): Line[] {
  const { local, from, max } = stmt;
  const to = lastRound(stmt);
  const start = bound(body, from, 'from');
  const end = bound(body, to, 'to');
  if (body.unit.iterated.has(stmt)) {
    const i = variable(body, stmt);
    return loop(body, `${helper(body.unit, 'pv_for')}(${i}, ${start}, ${end}, ${max})`, [], stmt.body);
  }
  return inBlock(body, () => {
    declareLocal(body, local);
    const i = localName(body, local);
    const declared = `${cType(local.type)} ${i}`;
    if (from.kind === 'const' && (to.kind === 'const' || start === '0')) {
      const within = to.kind === 'const' ? '' : ` && ${i} < ${max}`;
      return loop(body, `for (${declared} = ${start}; ${i} < ${end}${within}; ${i}++)`, [], stmt.body);
    }
    const n = freshName(body, 'n');
    const head = `for (${declared} = ${start}, ${n} = 0; ${n} < ${max} && ${i} < ${end}; ${n}++, ${i}++)`;
    return loop(body, head, [], stmt.body);
  });
}

/** Where the loop ends: between constants, at once no later than after `max` rounds. */
function lastRound({ from, to, max }: Range): Expr {
  if (from.kind !== 'const' || to.kind !== 'const') return to;
  if (typeof from.value !== 'bigint' || typeof to.value !== 'bigint') return to;
  return to.value - from.value > max ? { ...to, value: from.value + max } : to;
}

export function forEachLines(body: Body, stmt: Each): Line[] {
  const { source } = stmt;
  switch (source.kind) {
    case 'cpus':
      return forCpus(body, stmt, source.mask);
    case 'vcpus':
      return forVcpus(body, stmt, source.vm);
    case 'vms':
      return forVms(body, stmt);
    case 'dsq': {
      const task = variable(body, stmt);
      const head = `${helper(body.unit, 'pv_for_each_dsq')}(${task}, ${exprText(body, source.dsq)})`;
      return loop(body, head, limit(body, stmt.max), stmt.body);
    }
    case 'list':
      return forList(body, stmt, source);
  }
}

/** Ends the loop after `max` rounds. */
function limit(body: Body, max: bigint): readonly string[] {
  const n = freshName(body, 'n');
  body.before.push({ text: `u32 ${n} = ${opaque(body.unit, '0')};`, origin: 'any' });
  return [`if (${n}++ >= ${max})`, '\tbreak;'];
}

function forCpus(body: Body, stmt: Each, mask: Expr): Line[] {
  const cpu = variable(body, stmt);
  const range = knownRange(mask);
  if (range) {
    const head = `${helper(body.unit, 'pv_for_cpus')}(${[cpu, ...range].join(', ')})`;
    return loop(body, head, stmt.max <= range[1] - range[0] ? limit(body, stmt.max) : [], stmt.body);
  }
  const test = atMost(inMask(body, mask, cpu), LEVEL.conditional);
  const few = stmt.max < BigInt(MOST_CPUS) ? limit(body, stmt.max) : [];
  return loop(body, `${helper(body.unit, 'pv_for_each_cpu')}(${cpu}, ${test})`, few, stmt.body);
}

/** The first and the last CPU of a set that is a single range of known ones. */
function knownRange(mask: Expr): readonly [bigint, bigint] | undefined {
  const [range, ...more] = isMade(mask) && isLiteral(mask) ? rangesOf(mask) : [];
  const [lo, hi] = (range ?? []).map((end) => (end.kind === 'const' ? BigInt(end.value) : undefined));
  if (lo === undefined || hi === undefined || more.length > 0) return undefined;
  return lo >= 0n && lo <= hi ? [lo, hi] : undefined;
}

/** What `print` gives as part of a loop: the test of its head is made in each round. */
function looped<T>(body: Body, print: () => T): T {
  body.loops++;
  const result = print();
  body.loops--;
  return result;
}

/** The test whether a CPU is in the mask, as the mask is before the loop, which may change the state that it is of. */
function inMask(body: Body, mask: Expr, cpu: string): C {
  let kept = false;
  walkExpr(mask, (part) => {
    kept ||= part.kind === 'load' && isMade(part);
  });
  return kept && isMade(mask)
    ? memberC(body, ownedMask(hoistMask(body, mask, 'mask')), cpu, true)
    : looped(body, () => hasC(body, mask, cpu));
}

function forVcpus(body: Body, stmt: Each, vm: Expr): Line[] {
  const { features } = body.unit;
  features.add('vcpus');
  features.add('vcpu-by-tid');
  features.add('vm-vcpus');
  const state = instanceC(body, { scope: 'vm', entity: vm }).replace('->', '');
  helper(body.unit, 'pv_for');
  const vcpu = variable(body, stmt);
  const i = freshName(body, 'i');
  body.before.push({ text: `u32 ${i};`, origin: 'any' });
  const few = stmt.max < BigInt(body.unit.vcpuRoom) ? limit(body, stmt.max) : [];
  return loop(body, `pv_for_each_vcpu(${vcpu}, ${state}, ${i})`, few, stmt.body);
}

function forVms(body: Body, stmt: Each): Line[] {
  body.unit.features.add('vcpus');
  body.unit.features.add('vms');
  helper(body.unit, 'pv_for');
  const vm = variable(body, stmt);
  const i = freshName(body, 'i');
  body.before.push({ text: `u32 ${i};`, origin: 'any' });
  const few = stmt.max < BigInt(ROOM.vms) ? limit(body, stmt.max) : [];
  return loop(body, `pv_for_each_vm(${vm}, ${i})`, few, stmt.body);
}

function forList(body: Body, stmt: Each, source: Each['source'] & { kind: 'list' }): Line[] {
  const { unit } = body;
  const { scope } = source.instance;
  const { type } = stateField(unit, scope, source.field);
  if (type.kind !== 'list' && type.kind !== 'ring') throw new Error(`${source.field} is no list`);
  const field = `${instanceC(body, source.instance)}${unit.fields[scope].name(source.field)}`;
  const at = helper(unit, type.kind === 'ring' ? 'pv_ring_at' : 'pv_list_at');
  const iterated = unit.iterated.has(stmt);
  const counter = iterated ? freshName(body, 'i') : undefined;
  return inBlock(body, () => {
    const i = counter ?? freshName(body, 'i');
    const outer = body.before;
    body.before = [];
    const value = element(body, `${at}(&${field}, ${i})`, type.type).text;
    const first = [...body.before.map((line) => line.text), `${declareLocal(body, stmt.local)} = ${value};`];
    body.before = outer;
    const gone = cType(stmt.local.type).endsWith('*')
      ? [`if (!${localName(body, stmt.local)})`, '\tcontinue;']
      : [];
    const head = iterated
      ? `${helper(unit, 'pv_for')}(${i}, 0, ${field}.len, ${stmt.max})`
      : `for (u32 ${i} = 0; ${i} < ${stmt.max} && ${i} < ${field}.len; ${i}++)`;
    if (iterated) outer.push({ text: `u32 ${i};`, origin: 'any' });
    return loop(body, head, [...first, ...gone], stmt.body);
  });
}
