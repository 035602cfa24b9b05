import { NAMES } from '../../semantics/builtins.ts';

const CLASSES = NAMES.flatMap(({ name, type, value }) =>
  type.kind === 'sched_class' && value !== undefined ? [{ name, value }] : [],
);

/** The name of a scheduling class in the language; the number itself where it has none. */
export const className = (value: number | bigint): string =>
  CLASSES.find((known) => known.value === BigInt(value))?.name ?? String(value);

/** The kernel's number of the scheduling class `name`. */
export const classNumber = (name: string): bigint | undefined =>
  CLASSES.find((known) => known.name === name)?.value;
