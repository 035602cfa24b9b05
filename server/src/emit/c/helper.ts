import type { Feature } from './unit.ts';

/** A C function or macro that generated code may call; its doc comment is part of its text. */
export interface Helper {
  readonly code: string;
  /** Others that it calls. */
  readonly helpers?: readonly string[];
  readonly kfuncs?: readonly string[];
  /** Kernel fields, 'struct.field'. */
  readonly fields?: readonly string[];
  readonly features?: readonly Feature[];
}

export type Helpers = Readonly<Record<string, Helper>>;
