import type { Expr, Source, Stmt } from '../../ir/ir.ts';
import { cellCode, compileExpr } from './compile-expr.ts';
import { BREAK, compileBlock, DONE, RETURN, type BodyUnit, type End, type Run } from './compile-stmt.ts';
import type { Value } from './host.ts';
import { members } from './masks.ts';
import { canonical, MAX, type Num } from './number.ts';
import { rowOf, type Items } from './store.ts';

/** Runs the body of a loop once; true: the loop is to be left with `end`. */
function leaves(end: End): boolean {
  return end === BREAK || end === RETURN;
}

const afterLoop = (end: End): End => (end === RETURN ? RETURN : DONE);

/** `for i in a..b` */
export function forRange(unit: BodyUnit, stmt: Stmt & { kind: 'for-range' }): Run {
  const { frame } = unit;
  const { id } = stmt.local;
  const from = compileExpr(unit, stmt.from) as () => Num;
  const to = compileExpr(unit, stmt.to) as () => Num;
  const max = Number(stmt.max);
  const body = compileBlock(unit, stmt.body);
  return () => {
    const start = from();
    const end = to();
    for (let turn = 0; turn < max; turn++) {
      const value = after(start, turn);
      if (value >= end) return DONE;
      frame[id] = value;
      const how = body();
      if (leaves(how)) return afterLoop(how);
    }
    return DONE;
  };
}

/** `start + turn`, whatever its width: a loop ends before it would wrap. */
function after(start: Num, turn: number): Num {
  if (typeof start === 'number' && start + turn <= MAX) return start + turn;
  return canonical(BigInt(start) + BigInt(turn));
}

/** `for x in …` over CPUs, vCPUs, VMs, the tasks of a queue, or a list. */
export function forEach(unit: BodyUnit, stmt: Stmt & { kind: 'for-each' }): Run {
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
      const { column, store, entity: of } = cellCode(unit, source.instance, source.field);
      return () => [...(column[rowOf(store, of())] as Items).values];
    }
  }
}
