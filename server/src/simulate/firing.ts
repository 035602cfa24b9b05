import type { Executable } from '../emit/executor/execute.ts';
import type { Value } from '../emit/executor/host.ts';
import type { HookFamily } from '../semantics/kernel-view.ts';
import type { World } from './world.ts';

/** Runs the policy's handlers and counts them. */
export interface Firing {
  /** How often each handler fired, by its index. */
  readonly fired: Float64Array;
  /** Handlers that ran since this was last cleared. */
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

/** Runs all of them with the same arguments; gives what the last one returns. */
export function fireWith(
  world: World,
  firing: Firing,
  executables: readonly Executable[],
  args: readonly Value[],
): Value {
  let result: Value = 0;
  for (const executable of executables) {
    const count = executable.handler.params.length;
    for (let i = 0; i < count; i++) executable.frame[i] = args[i];
    result = fire(world, firing, executable);
  }
  return result;
}
