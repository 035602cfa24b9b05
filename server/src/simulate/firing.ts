import type { Executable } from '../emit/executor/execute.ts';
import type { Value } from '../emit/executor/host.ts';
import type { HookFamily } from '../semantics/kernel-view.ts';
import type { World } from './world.ts';

/** Runs the policy's handlers and counts them. */
export interface Firing {
  /** How often each handler fired, by its index. */
  readonly fired: Float64Array;
  /** Handlers that ran. */
  ran: number;
}

/** Something to do for each row of one kind of event. */
export type Step = (row: number) => void;

/** Handlers of a hook in the order of the policy. */
export function handlersOf(
  handlers: readonly Executable[],
  family: HookFamily,
  name: string,
): readonly Executable[] {
  return handlers.filter(({ handler }) => handler.hook.family === family && handler.hook.name === name);
}

/** Runs a handler whose parameters are in its frame; gives what it returns. */
export function fire(world: World, firing: Firing, executable: Executable): Value {
  const { index } = executable.handler;
  world.moment.handler = index;
  firing.fired[index] = (firing.fired[index] ?? 0) + 1;
  firing.ran++;
  return executable.run();
}

/** Runs all of them with the same arguments, of which they take as many as they want; gives what the last one returns. */
export function fireWith(
  world: World,
  firing: Firing,
  executables: readonly Executable[],
  a?: Value,
  b?: Value,
  c?: Value,
): Value {
  let result: Value = 0;
  for (let i = 0; i < executables.length; i++) {
    const executable = executables[i]!;
    const { frame, handler } = executable;
    const count = handler.params.length;
    if (count > 0) frame[0] = a;
    if (count > 1) frame[1] = b;
    if (count > 2) frame[2] = c;
    result = fire(world, firing, executable);
  }
  return result;
}
