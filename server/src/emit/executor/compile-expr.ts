import type { Expr, Fn, Instance, IrType, Local, Place } from '../../ir/ir.ts';
import { binaryCode, listCode, operations, withConstant, type Code } from './binary.ts';
import { at, average, largest, sum } from './collections.ts';
import { convertCode } from './convert.ts';
import { DSQ, GLOBAL_ENTITY, valueOf, type Host, type Site, type Value } from './host.ts';
import { intrinsicCode } from './intrinsics.ts';
import type { Machine } from './machine.ts';
import type { Num } from './number.ts';
import { rowOf, zeroValue, type Average, type Cell, type Items, type Store } from './store.ts';

/** One function or handler while it is compiled. A policy has no recursion, so each has one frame for all its runs. */
export interface Unit {
  readonly machine: Machine;
  readonly frame: Value[];
  /** Index of the handler, or −1 in functions. */
  readonly handler: number;
  readonly functions: ReadonlyMap<string, Callable>;
}

/** A compiled function: its parameters are the first cells of its frame. */
export interface Callable {
  readonly fn: Fn;
  readonly frame: Value[];
  /** Set once all functions are known. */
  run: () => Value;
}

/** Compiles an expression to code that computes its value. */
export function compileExpr(unit: Unit, expr: Expr): Code {
  const { frame, machine } = unit;
  const { host } = machine;
  switch (expr.kind) {
    case 'const':
      return constantCode(expr.value, expr.type);
    case 'kernel-const': {
      const value = host.kernelConstant(expr.name, expr.value, siteOf(unit, expr));
      return () => value;
    }
    case 'local':
      return localCode(frame, expr.local);
    case 'param':
      return paramCode(machine, expr.name);
    case 'table':
      return tableCode(unit, expr);
    case 'load':
      return loadCode(unit, expr.place, expr);
    case 'load-hint':
      return hintCode(host, expr.field, compileExpr(unit, expr.vcpu));
    case 'counter-value': {
      const counter = machine.counters.get(expr.counter);
      const entity = entityCode(unit, expr.entity);
      return () => counter?.get(entity())?.value ?? 0;
    }
    case 'binary': {
      const { op, right } = expr;
      const { type } = expr.left;
      const left = compileExpr(unit, expr.left);
      const constant = right.kind === 'const' ? valueOf(right.value, false) : undefined;
      const known = typeof constant === 'number' ? withConstant(op, type, left, constant) : undefined;
      return known ?? binaryCode(op, type, left, compileExpr(unit, right));
    }
    case 'logical': {
      const left = compileExpr(unit, expr.left);
      const right = compileExpr(unit, expr.right);
      return expr.op === 'and' ? () => left() && right() : () => left() || right();
    }
    case 'not': {
      const operand = compileExpr(unit, expr.operand);
      return () => !operand();
    }
    case 'complement':
    case 'negate': {
      const operand = compileExpr(unit, expr.operand) as () => Num;
      const operation = operations(expr.type)[expr.kind];
      return () => operation(operand());
    }
    case 'convert':
      return convertCode(compileExpr(unit, expr.operand), expr.operand.type, expr.type);
    case 'select': {
      const condition = compileExpr(unit, expr.condition);
      const then = compileExpr(unit, expr.then);
      const otherwise = compileExpr(unit, expr.otherwise);
      return () => (condition() ? then() : otherwise());
    }
    case 'none':
      return () => undefined;
    case 'some':
      return compileExpr(unit, expr.operand);
    case 'is-some': {
      const operand = compileExpr(unit, expr.operand);
      return () => operand() !== undefined;
    }
    case 'call':
      return callCode(unit, expr.fn, expr.args);
    case 'kernel-call': {
      const call = host.kernelCall(expr.call, siteOf(unit, expr));
      const args = listCode(expr.args.map((arg) => compileExpr(unit, arg)));
      return () => call(args());
    }
    case 'intrinsic':
      return intrinsicCode(
        expr.name,
        expr.args.map((arg) => compileExpr(unit, arg)),
        host,
      );
    case 'collection':
      return collectionCode(unit, expr);
    case 'dsq':
      return dsqCode(unit, expr);
  }
}

export function siteOf(unit: Unit, node: { readonly span: Site['span'] }): Site {
  return { span: node.span, handler: unit.handler };
}

function constantCode(value: bigint | boolean | string, type: IrType): Code {
  const constant = valueOf(value, type.kind === 'cpumask');
  return () => constant;
}

function localCode(frame: readonly Value[], local: Local): Code {
  const { id } = local;
  return () => frame[id];
}

function paramCode(machine: Machine, name: string): Code {
  const cell = machine.params.get(name);
  if (!cell) throw new Error(`no param ${name}`);
  if (machine.program.params.find((param) => param.name === name)?.tunable === true) return () => cell.value;
  const { value } = cell;
  return () => value;
}

function tableCode(unit: Unit, expr: Expr & { kind: 'table' }): Code {
  const { machine } = unit;
  const table = machine.program.tables.find(({ name }) => name === expr.table);
  if (!table) throw new Error(`no table ${expr.table}`);
  const fallback = valueOf(table.fallback, table.value.kind === 'cpumask');
  const entry = machine.host.table(expr.table);
  const key = compileExpr(unit, expr.key);
  return () => entry(key()) ?? fallback;
}

function hintCode(host: Host, field: string, vcpu: Code): Code {
  const hint = host.hint(field);
  const entity = vcpu as () => number;
  return () => hint(entity());
}

function loadCode(unit: Unit, place: Place, expr: Expr): Code {
  switch (place.kind) {
    case 'state': {
      const { column, store, entity } = cellCode(unit, place.instance, place.field);
      return () => column[rowOf(store, entity())] as Value;
    }
    case 'kernel': {
      const { load } = unit.machine.host.kernelField(
        place.object.type,
        place.path,
        place.type,
        siteOf(unit, expr),
      );
      const object = compileExpr(unit, place.object) as () => number;
      return () => load(object());
    }
    case 'tunable':
      return paramCode(unit.machine, place.name);
    case 'feedback': {
      const { column, store, entity } = feedbackCell(unit, place.vcpu, place.field);
      return () => column[rowOf(store, entity())] as Value;
    }
    case 'hint':
      return hintCode(unit.machine.host, place.field, unit.machine.host.thisCpu);
  }
}

/** The column of a field, and code for the entity whose row it is: a call less for each access than code for the row. */
export interface CellCode {
  readonly column: Cell[];
  readonly store: Store;
  readonly entity: () => number;
}

export function cellCode(unit: Unit, instance: Instance, field: string): CellCode {
  const store = unit.machine.stores.get(instance.scope);
  if (!store) throw new Error(`no state of scope ${instance.scope}`);
  const entity = entityCode(unit, instance.entity);
  return { column: columnOf(store, field), store, entity };
}

export function feedbackCell(unit: Unit, vcpu: Expr | undefined, field: string): CellCode {
  const store = unit.machine.feedback;
  const entity = vcpu ? entityCode(unit, vcpu) : unit.machine.host.thisCpu;
  return { column: columnOf(store, field), store, entity };
}

function columnOf(store: Store, field: string): Cell[] {
  const column = store.columns[store.fields.findIndex(({ name }) => name === field)];
  if (!column) throw new Error(`no field ${field}`);
  return column;
}

/** Code for the number of an entity; that of global things where there is none. */
export function entityCode(unit: Unit, entity: Expr | undefined): () => number {
  return entity ? (compileExpr(unit, entity) as () => number) : () => GLOBAL_ENTITY;
}

function callCode(unit: Unit, name: string, args: readonly Expr[]): Code {
  const callee = unit.functions.get(name);
  if (!callee) throw new Error(`no function ${name}`);
  const codes = args.map((arg) => compileExpr(unit, arg));
  const { frame } = callee;
  const [first, second] = codes;
  switch (codes.length) {
    case 0:
      return () => callee.run();
    case 1:
      return () => {
        frame[0] = first?.();
        return callee.run();
      };
    case 2:
      return () => {
        // Both are computed before either is passed: an argument may call the same function.
        const a = first?.();
        frame[1] = second?.();
        frame[0] = a;
        return callee.run();
      };
    default:
      return () => {
        const values = codes.map((code) => code());
        for (let i = 0; i < values.length; i++) frame[i] = values[i];
        return callee.run();
      };
  }
}

function collectionCode(unit: Unit, expr: Expr & { kind: 'collection' }): Code {
  const { column, store, entity } = cellCode(unit, expr.instance, expr.field);
  const items = (): Items => column[rowOf(store, entity())] as Items;
  const { type } = expr;
  switch (expr.op) {
    case 'value':
      return () => (column[rowOf(store, entity())] as Average).value;
    case 'len':
      return () => items().values.length;
    case 'sum':
      return () => sum(items(), type);
    case 'avg':
      return () => average(items(), type);
    case 'max':
      return () => largest(items());
    case 'at': {
      const index = argCode(unit, expr) as () => Num;
      return () => at(items(), index(), type);
    }
    case 'contains': {
      const value = argCode(unit, expr);
      return () => items().values.includes(value());
    }
  }
}

function argCode(unit: Unit, expr: Expr & { kind: 'collection' }): Code {
  if (!expr.arg) throw new Error(`${expr.op} lacks its argument`);
  return compileExpr(unit, expr.arg);
}

function dsqCode(unit: Unit, expr: Expr & { kind: 'dsq' }): Code {
  const { which } = expr;
  switch (which.kind) {
    case 'user': {
      const dsq = unit.machine.program.dsqs.find(({ name }) => name === which.name)?.index;
      if (dsq === undefined) throw new Error(`no queue ${which.name}`);
      return () => dsq;
    }
    case 'local':
      return () => DSQ.local;
    case 'global':
      return () => DSQ.global;
    case 'local-on': {
      const cpu = compileExpr(unit, which.cpu) as () => number;
      return () => DSQ.localOn(cpu());
    }
  }
}

/** What a frame holds before anything has run. */
export const emptyFrame = (locals: number, params: readonly Local[]): Value[] => {
  const frame: Value[] = Array.from({ length: locals }, () => 0);
  for (const param of params) frame[param.id] = zeroValue(param.type);
  return frame;
};
