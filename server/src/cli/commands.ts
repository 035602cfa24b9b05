import type { Command } from './command.ts';

/** A command of the overview; its code is loaded only when it runs. */
export interface Listed {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, Listed>> = {
  new: {
    summary: 'begin a policy with one of the gallery',
    load: async () => (await import('./new.ts')).newPolicy,
  },
  check: {
    summary: 'tell what is wrong with policies',
    load: async () => (await import('./check.ts')).check,
  },
  explain: {
    summary: 'show the page of a diagnostic, or what a log of a failed load means',
    load: async () => (await import('./explain.ts')).explain,
  },
  fmt: {
    summary: 'format policies in place',
    load: async () => (await import('./fmt.ts')).fmt,
  },
  compile: {
    summary: 'write the BPF C of a policy, and its object with clang',
    load: async () => (await import('./compile.ts')).compile,
  },
  simulate: {
    summary: 'run a policy over a recorded trace',
    load: async () => (await import('./simulate.ts')).simulate,
  },
  sweep: {
    summary: 'join the shards of a sweep over params',
    load: async () => (await import('./sweep.ts')).sweep,
  },
  test: {
    summary: 'run the scenarios of policies and tell which expectations hold',
    load: async () => (await import('./test.ts')).test,
  },
  trace: {
    summary: 'tell what is in a trace, print its events, convert it',
    load: async () => (await import('./trace.ts')).trace,
  },
  record: {
    summary: 'record a trace on this host, as root',
    load: async () => (await import('./record.ts')).record,
  },
  kernel: {
    summary: 'list the kernel profiles, or what one of them offers',
    load: async () => (await import('./kernel.ts')).kernel,
  },
  lsp: {
    summary: 'run the language server',
    load: async () => (await import('./lsp.ts')).lsp,
  },
};
