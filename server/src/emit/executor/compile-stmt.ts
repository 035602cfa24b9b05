import type { Expr, MatchArm, Source, Stmt } from '../../ir/ir.ts';
import type { Code } from './binary.ts';
import { clear, pushList, pushRing, removeFrom, updateAverage } from './collections.ts';
import { cellCode, compileExpr, entityCode, siteOf, type Unit } from './compile-expr.ts';
import { compileStore } from './compile-store.ts';
import type { Value } from './host.ts';
import { addTo, countBranch, countStatement, samplesOf } from './machine.ts';
import { members } from './masks.ts';
import { canonical, type Num } from './number.ts';
import { addSample } from './samples.ts';
import type { Average, Items } from './store.ts';
import { showParts } from './show.ts';

/** How a statement ends. */
export const DONE = 0;
const BREAK = 1;
const CONTINUE = 2;
export const RETURN = 3;
export type End = typeof DONE | typeof BREAK | typeof CONTINUE | typeof RETURN;
export type Run = () => End;

/** A unit with the place where `return` leaves its value. */
export interface BodyUnit extends Unit {
  readonly returned: { value: Value };
}

/** Compiles statements to code that runs them in order, until one of them leaves the block. */
export function compileBlock(unit: BodyUnit, stmts: readonly Stmt[]): Run {
  const runs = stmts.map((stmt) => counted(unit, stmt));
  const [first, second, third] = runs;
  if (!first) return () => DONE;
  if (!second) return first;
  if (!third) return () => first() || second();
  if (runs.length === 3) return () => first() || second() || third();
  return () => {
    for (const run of runs) {
      const end = run();
      if (end !== DONE) return end;
    }
    return DONE;
  };
}

function counted(unit: BodyUnit, stmt: Stmt): Run {
  const { hits } = unit.machine;
  const index = countStatement(hits, stmt.span.start);
  const run = compileStmt(unit, stmt);
  return () => {
    const { counts } = hits;
    counts[index] = (counts[index] ?? 0) + 1;
    return run();
  };
}

function compileStmt(unit: BodyUnit, stmt: Stmt): Run {
  switch (stmt.kind) {
    case 'let':
    case 'set':
      return assign(unit, stmt.local.id, compileExpr(unit, stmt.value));
    case 'let-tuple': {
      const value = compileExpr(unit, stmt.value) as () => readonly Value[];
      const ids = stmt.locals.map(({ id }) => id);
      return () => {
        const values = value();
        for (const [i, id] of ids.entries()) unit.frame[id] = values[i];
        return DONE;
      };
    }
    case 'store':
      return compileStore(unit, stmt);
    case 'count':
      return count(unit, stmt);
    case 'record':
      return record(unit, stmt);
    case 'collect':
      return collect(unit, stmt);
    case 'if':
      return branch(unit, stmt, compileExpr(unit, stmt.condition));
    case 'if-some':
      return ifSome(unit, stmt);
    case 'match':
      return match(unit, stmt);
    case 'for-range':
      return forRange(unit, stmt);
    case 'for-each':
      return forEach(unit, stmt);
    case 'break':
      return () => BREAK;
    case 'continue':
      return () => CONTINUE;
    case 'return': {
      const { returned } = unit;
      const value = stmt.value && compileExpr(unit, stmt.value);
      if (!value) return () => RETURN;
      return () => {
        returned.value = value();
        return RETURN;
      };
    }
    case 'action': {
      const run = unit.machine.host.action(stmt.action, siteOf(unit, stmt));
      const args = stmt.action.args.map((arg) => compileExpr(unit, arg));
      return () => {
        run(args.map((arg) => arg()));
        return DONE;
      };
    }
    case 'log':
      return log(unit, stmt);
    case 'expr':
      return effect(compileExpr(unit, stmt.value));
  }
}

const effect =
  (code: Code): Run =>
  () => {
    code();
    return DONE;
  };

function assign(unit: BodyUnit, id: number, value: Code): Run {
  const { frame } = unit;
  return () => {
    frame[id] = value();
    return DONE;
  };
}

function count(unit: BodyUnit, stmt: Stmt & { kind: 'count' }): Run {
  const counter = unit.machine.counters.get(stmt.counter);
  if (!counter) throw new Error(`no counter ${stmt.counter}`);
  const entity = entityCode(unit, stmt.entity);
  const amount = compileExpr(unit, stmt.amount) as () => Num;
  return () => {
    const added = amount();
    addTo(counter, entity(), added);
    return DONE;
  };
}

function record(unit: BodyUnit, stmt: Stmt & { kind: 'record' }): Run {
  const histogram = unit.machine.histograms.get(stmt.histogram);
  if (!histogram) throw new Error(`no histogram ${stmt.histogram}`);
  const entity = entityCode(unit, stmt.entity);
  const value = compileExpr(unit, stmt.value) as () => Num;
  return () => {
    const sample = Number(value());
    addSample(samplesOf(histogram, entity()), sample);
    return DONE;
  };
}

function collect(unit: BodyUnit, stmt: Stmt & { kind: 'collect' }): Run {
  const { column, row } = cellCode(unit, stmt.instance, stmt.field);
  const store = unit.machine.stores.get(stmt.instance.scope);
  const type = store?.fields.find(({ name }) => name === stmt.field)?.type;
  const value = stmt.value ? compileExpr(unit, stmt.value) : () => undefined;
  const change = (): ((value: Value) => void) => {
    switch (type?.kind) {
      case 'ewma': {
        const alpha = Number(type.alpha);
        return (sample) => updateAverage(column[row()] as Average, sample as Num, alpha, type.type);
      }
      case 'list':
      case 'ring': {
        const items = (): Items => column[row()] as Items;
        if (stmt.op === 'clear') return () => clear(items());
        if (stmt.op === 'remove') return (v) => removeFrom(items(), v);
        return type.kind === 'list'
          ? (v) => pushList(items(), v, type.max)
          : (v) => pushRing(items(), v, type.max);
      }
      default:
        throw new Error(`${stmt.field} is no collection`);
    }
  };
  const apply = change();
  return () => {
    apply(value());
    return DONE;
  };
}

type Branch = Stmt & { kind: 'if' | 'if-some' };

/** Counters of the ways of a branch: the first is that of `then` or of the first arm. */
function ways(unit: BodyUnit, stmt: Stmt, number: number): (way: number) => void {
  const { hits } = unit.machine;
  const first = countBranch(hits, stmt.span.start, number);
  return (way) => {
    const counts = hits.ways;
    counts[first + way] = (counts[first + way] ?? 0) + 1;
  };
}

function branch(unit: BodyUnit, stmt: Branch, condition: Code): Run {
  const take = ways(unit, stmt, 2);
  const then = compileBlock(unit, stmt.then);
  const otherwise = compileBlock(unit, stmt.otherwise);
  return () => {
    if (condition()) {
      take(0);
      return then();
    }
    take(1);
    return otherwise();
  };
}

function ifSome(unit: BodyUnit, stmt: Stmt & { kind: 'if-some' }): Run {
  const { frame } = unit;
  const { id } = stmt.local;
  const value = compileExpr(unit, stmt.value);
  return branch(unit, stmt, () => {
    const found = value();
    if (found === undefined) return false;
    frame[id] = found;
    return true;
  });
}

function match(unit: BodyUnit, stmt: Stmt & { kind: 'match' }): Run {
  const take = ways(unit, stmt, stmt.arms.length + 1);
  const subject = compileExpr(unit, stmt.subject) as () => Num;
  const arms = stmt.arms.map((arm) => ({ matches: matcher(arm), run: compileBlock(unit, arm.body) }));
  return () => {
    const value = subject();
    const at = arms.findIndex(({ matches }) => matches(value));
    take(at < 0 ? arms.length : at);
    return arms[at]?.run() ?? DONE;
  };
}

function matcher(arm: MatchArm): (value: Num) => boolean {
  const ranges = arm.ranges.map(({ lo, hi }) => ({ lo: canonical(lo), hi: canonical(hi) }));
  if (ranges.length === 0) return () => true;
  return (value) => ranges.some(({ lo, hi }) => value >= lo && value <= hi);
}

/** Runs the body of a loop once; true: the loop is to be left with `end`. */
function leaves(end: End): boolean {
  return end === BREAK || end === RETURN;
}

const afterLoop = (end: End): End => (end === RETURN ? RETURN : DONE);

function forRange(unit: BodyUnit, stmt: Stmt & { kind: 'for-range' }): Run {
  const { frame } = unit;
  const { id } = stmt.local;
  const from = compileExpr(unit, stmt.from) as () => Num;
  const to = compileExpr(unit, stmt.to) as () => Num;
  const max = Number(stmt.max);
  const body = compileBlock(unit, stmt.body);
  return () => {
    const start = BigInt(from());
    const end = to();
    for (let turn = 0; turn < max; turn++) {
      const value = canonical(start + BigInt(turn));
      if (value >= end) return DONE;
      frame[id] = value;
      const how = body();
      if (leaves(how)) return afterLoop(how);
    }
    return DONE;
  };
}

function forEach(unit: BodyUnit, stmt: Stmt & { kind: 'for-each' }): Run {
  const { frame } = unit;
  const { id } = stmt.local;
  const elements = sourceCode(unit, stmt.source);
  const max = Number(stmt.max);
  const body = compileBlock(unit, stmt.body);
  return () => {
    const values = elements();
    const turns = Math.min(values.length, max);
    for (let turn = 0; turn < turns; turn++) {
      frame[id] = values[turn];
      const how = body();
      if (leaves(how)) return afterLoop(how);
    }
    return DONE;
  };
}

function sourceCode(unit: BodyUnit, source: Source): () => readonly Value[] {
  const { host } = unit.machine;
  const entity = (expr: Expr): (() => number) => compileExpr(unit, expr) as () => number;
  switch (source.kind) {
    case 'cpus': {
      const mask = compileExpr(unit, source.mask) as () => bigint;
      return () => members(mask());
    }
    case 'vcpus': {
      const vm = entity(source.vm);
      return () => host.vcpusOf(vm());
    }
    case 'vms':
      return host.vms;
    case 'dsq': {
      const dsq = entity(source.dsq);
      // A copy: the body may move tasks out of the queue while it is walked.
      return () => [...host.dsqTasks(dsq())];
    }
    case 'list': {
      const { column, row } = cellCode(unit, source.instance, source.field);
      return () => [...(column[row()] as Items).values];
    }
  }
}

function log(unit: BodyUnit, stmt: Stmt & { kind: 'log' }): Run {
  const write = unit.machine.host.log(siteOf(unit, stmt));
  const parts = stmt.parts.map((part) =>
    typeof part === 'string' ? part : { type: part.type, code: compileExpr(unit, part) },
  );
  return () => {
    write(
      showParts(
        parts.map((part) => (typeof part === 'string' ? part : { type: part.type, value: part.code() })),
        unit.machine.program,
      ),
    );
    return DONE;
  };
}
