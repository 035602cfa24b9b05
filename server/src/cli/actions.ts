import type { Given, Options } from './command.ts';
import { Refusal } from './refusal.ts';

/** What a command can do, each with the names of the options that it takes. */
export type Actions = Readonly<Record<string, readonly string[]>>;

/** Refuses an option of `command` that `action` would ignore. An action that is none takes whatever there is. */
export function refuseOthers(
  command: string,
  action: string,
  given: Given,
  { actions, options }: { actions: Actions; options: Options },
): void {
  const takes = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (!takes) return;
  const isGiven = (name: string): boolean =>
    given.flag(name) || given.text(name) !== undefined || given.texts(name).length > 0;
  const other = Object.keys(options).find((name) => isGiven(name) && !takes.includes(name));
  if (other !== undefined) throw new Refusal(`${command} ${action} takes no --${other}`);
}
