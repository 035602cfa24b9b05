import type { MatchArm, Stmt } from '../../ir/ir.ts';
import { listCode, type Code } from './binary.ts';
import { compileCollect } from './compile-collect.ts';
import { compileExpr, entityCode, siteOf, type Unit } from './compile-expr.ts';
import { forEach, forRange } from './compile-loops.ts';
import { compileStore } from './compile-store.ts';
import type { Value } from './host.ts';
import { addTo, countBranch, countStatements } from './machine.ts';
import { canonical, type Num } from './number.ts';
import { addSample, sampleOf } from './samples.ts';
import { logText } from './show.ts';

/** How a statement ends. */
export const DONE = 0;
export const BREAK = 1;
export const CONTINUE = 2;
export const RETURN = 3;
export type End = typeof DONE | typeof BREAK | typeof CONTINUE | typeof RETURN;
export type Run = () => End;

/** A unit with the place where `return` leaves its value. */
export interface BodyUnit extends Unit {
  readonly returned: { value: Value };
}

/** Compiles statements to code that runs them in order, until one of them leaves the block. */
export function compileBlock(unit: BodyUnit, stmts: readonly Stmt[]): Run {
  const runs = stretchesOf(stmts).map((stretch) => compileStretch(unit, stretch));
  const [first, second, third] = runs;
  if (!first) return () => DONE;
  if (!second) return first;
  if (!third) return () => first() || second();
  if (runs.length === 3) return () => first() || second() || third();
  return () => {
    for (let i = 0; i < runs.length; i++) {
      const end = runs[i]!();
      if (end !== DONE) return end;
    }
    return DONE;
  };
}

/** Statements after which the next one always runs. */
const STRAIGHT: ReadonlySet<Stmt['kind']> = new Set([
  'let',
  'set',
  'let-tuple',
  'store',
  'count',
  'record',
  'collect',
  'action',
  'log',
  'expr',
] as const);

/** The statements in stretches of which all run or none: only the last of each may leave the block. */
function stretchesOf(stmts: readonly Stmt[]): readonly (readonly Stmt[])[] {
  const stretches: Stmt[][] = [];
  let open: Stmt[] | undefined;
  for (const stmt of stmts) {
    if (!open) stretches.push((open = []));
    open.push(stmt);
    if (!STRAIGHT.has(stmt.kind)) open = undefined;
  }
  return stretches;
}

/** Code for a stretch, which is counted once. */
function compileStretch(unit: BodyUnit, stmts: readonly Stmt[]): Run {
  const { hits } = unit.machine;
  const index = countStatements(
    hits,
    stmts.map(({ span }) => span.start),
  );
  const before = stmts.map((stmt) => compileStmt(unit, stmt));
  const last = before.pop() ?? (() => DONE);
  const [first, second] = before;
  if (!first)
    return () => {
      hits.counts[index]!++;
      return last();
    };
  if (!second)
    return () => {
      hits.counts[index]!++;
      first();
      return last();
    };
  return () => {
    hits.counts[index]!++;
    for (let i = 0; i < before.length; i++) before[i]!();
    return last();
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
      const { frame } = unit;
      return () => {
        const values = value();
        for (let i = 0; i < ids.length; i++) frame[ids[i]!] = values[i];
        return DONE;
      };
    }
    case 'store':
      return changing(unit, compileStore(unit, stmt));
    case 'count':
      return changing(unit, count(unit, stmt));
    case 'record':
      return record(unit, stmt);
    case 'collect':
      return changing(unit, compileCollect(unit, stmt));
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
      const args = listCode(stmt.action.args.map((arg) => compileExpr(unit, arg)));
      return () => {
        run(args());
        return DONE;
      };
    }
    case 'log':
      return log(unit, stmt);
    case 'expr':
      return effect(compileExpr(unit, stmt.value));
  }
}

/** A statement that may change state; it is counted where an invariant looks at state. */
function changing({ machine: { changes, program } }: BodyUnit, run: Run): Run {
  if (program.invariants.length === 0) return run;
  return () => {
    changes.count++;
    return run();
  };
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
    addTo(counter.of(entity()), added);
    return DONE;
  };
}

function record(unit: BodyUnit, stmt: Stmt & { kind: 'record' }): Run {
  const histogram = unit.machine.histograms.get(stmt.histogram);
  if (!histogram) throw new Error(`no histogram ${stmt.histogram}`);
  const entity = entityCode(unit, stmt.entity);
  const value = compileExpr(unit, stmt.value) as () => Num;
  return () => {
    const sample = sampleOf(value());
    addSample(histogram.of(entity()), sample);
    return DONE;
  };
}

type Branch = Stmt & { kind: 'if' | 'if-some' };

function branch(unit: BodyUnit, stmt: Branch, condition: Code): Run {
  const { hits } = unit.machine;
  const way = countBranch(hits, stmt.span.start, 2);
  const then = compileBlock(unit, stmt.then);
  const otherwise = compileBlock(unit, stmt.otherwise);
  return () => {
    if (condition()) {
      hits.ways[way]!++;
      return then();
    }
    hits.ways[way + 1]!++;
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
  const { hits } = unit.machine;
  const spans = stmt.arms.map(({ span }) => span);
  const way = countBranch(hits, stmt.span.start, stmt.arms.length + 1, spans);
  const subject = compileExpr(unit, stmt.subject) as () => Num;
  const arms = stmt.arms.map((arm) => ({ matches: matcher(arm), run: compileBlock(unit, arm.body) }));
  return () => {
    const value = subject();
    const at = arms.findIndex(({ matches }) => matches(value));
    hits.ways[way + (at < 0 ? arms.length : at)]!++;
    return arms[at]?.run() ?? DONE;
  };
}

function matcher(arm: MatchArm): (value: Num) => boolean {
  const ranges = arm.ranges.map(({ lo, hi }) => ({ lo: canonical(lo), hi: canonical(hi) }));
  if (ranges.length === 0) return () => true;
  return (value) => ranges.some(({ lo, hi }) => value >= lo && value <= hi);
}

function log(unit: BodyUnit, stmt: Stmt & { kind: 'log' }): Run {
  const { host } = unit.machine;
  const write = host.log(siteOf(unit, stmt));
  const parts = stmt.parts.map((part): (() => string) => {
    if (typeof part === 'string') return () => part;
    const code = compileExpr(unit, part);
    return () => logText(code(), part.type, host);
  });
  return () => {
    write(parts.map((part) => part()).join(''));
    return DONE;
  };
}
