import type { Handler, InvariantDef, Program } from '../../ir/ir.ts';
import { compileExpr, emptyFrame, type Callable } from './compile-expr.ts';
import { compileBlock, type BodyUnit } from './compile-stmt.ts';
import type { Host, Value } from './host.ts';
import { newMachine, type Machine } from './machine.ts';
import type { Num } from './number.ts';
import { zeroValue } from './store.ts';

/** A handler that is ready to run. */
export interface Executable {
  readonly handler: Handler;
  /** Its parameters are the first cells, in their order: written by the caller before `run`. */
  readonly frame: Value[];
  /** Runs it once; gives what it returns (zero where it returns nothing). */
  readonly run: () => Value;
}

/** An invariant that is ready to be checked: its parameter is `frame[0]`. */
export interface Checkable {
  readonly invariant: InvariantDef;
  readonly frame: Value[];
  /** The index of the first condition that does not hold, or −1. */
  readonly check: () => number;
  /** Set where a check asks for the time: what it found holds at this time, not until something is stored. */
  readonly clock: { read: boolean };
}

/** One side of a policy, ready to run on a host. */
export interface Execution {
  readonly machine: Machine;
  readonly handlers: readonly Executable[];
  readonly invariants: readonly Checkable[];
}

/**
 * Compiles one side of `program` to closures over `host`. `params` are the values that differ from the policy's own;
 * they have been checked against type and range.
 */
export function execution(
  program: Program,
  side: 'host' | 'guest',
  host: Host,
  params: ReadonlyMap<string, Value> = new Map(),
): Execution {
  const machine = newMachine(program, side, host, params);
  const code = side === 'host' ? program.host : (program.guest ?? { functions: [], handlers: [] });
  const functions = new Map<string, Callable>(
    code.functions.map((fn) => [
      fn.name,
      { fn, frame: emptyFrame(fn.locals, fn.params), run: () => undefined },
    ]),
  );
  for (const callable of functions.values()) {
    const unit: BodyUnit = {
      machine,
      frame: callable.frame,
      handler: -1,
      functions,
      returned: { value: undefined },
    };
    callable.run = runner(unit, callable.fn.body, zeroValue(callable.fn.result));
  }
  return {
    machine,
    handlers: code.handlers.map((handler) => compileHandler(machine, functions, handler)),
    invariants:
      side === 'host'
        ? program.invariants.map((invariant) => compileInvariant(machine, functions, invariant))
        : [],
  };
}

function runner(unit: BodyUnit, body: Handler['body'], otherwise: Value): () => Value {
  const run = compileBlock(unit, body);
  const { returned } = unit;
  return () => {
    returned.value = otherwise;
    run();
    return returned.value;
  };
}

type Functions = ReadonlyMap<string, Callable>;

function compileHandler(machine: Machine, functions: Functions, handler: Handler): Executable {
  const frame = emptyFrame(handler.locals, handler.params);
  const unit: BodyUnit = {
    machine,
    frame,
    handler: handler.index,
    functions,
    returned: { value: undefined },
  };
  return { handler, frame, run: runner(unit, handler.body, 0) };
}

function compileInvariant(machine: Machine, functions: Functions, invariant: InvariantDef): Checkable {
  const { host } = machine;
  const clock = { read: false };
  const now = (): Num => {
    clock.read = true;
    return host.now();
  };
  const frame = emptyFrame(invariant.params.length, invariant.params);
  const unit = { machine: { ...machine, host: { ...host, now } }, frame, handler: -1, functions };
  const conditions = invariant.always.map((condition) => compileExpr(unit, condition));
  return {
    invariant,
    frame,
    clock,
    check: () => {
      for (let i = 0; i < conditions.length; i++) if (!conditions[i]!()) return i;
      return -1;
    },
  };
}
