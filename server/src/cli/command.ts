import type { Exit } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What the value stands for in the help: FILE, PROFILE. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** The options as given: the last of a repeated one wins, unless it may be repeated. */
export interface Given {
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
}

/** What a command runs with. */
export interface Invocation {
  readonly operands: readonly string[];
  readonly given: Given;
  readonly terminal: Terminal;
}

export interface Command {
  /** The operands, as the help shows them: 'FILE…'. */
  readonly operands: string;
  readonly options: Options;
  /** Further lines of the help. */
  readonly notes?: string;
  run(invocation: Invocation): Promise<Exit>;
}
