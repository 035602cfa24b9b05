import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkC, emitC } from '../../server/src/emit/c/index.ts';
import { cType } from '../../server/src/emit/c/ctypes.ts';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import { execution } from '../../server/src/emit/executor/execute.ts';
import type { Value } from '../../server/src/emit/executor/host.ts';
import type { Expr, Fn, Handler, Program, Stmt } from '../../server/src/ir/ir.ts';
import { hasErrors, snapshot } from '../../server/src/pipeline.ts';
import { fakeHost } from '../emit/executor/fake-host.ts';
import { Choices } from '../support/random-choices.ts';
import { CLASSES, MODE, rangeOf, type Callable, type Scalar } from '../support/random-policy-expressions.ts';
import type { RandomPolicy } from '../support/random-policy.ts';

const SOURCE = 'random.pvpolicy';
const SETTINGS = { profile: undefined, allowlist: undefined } as unknown as Parameters<typeof snapshot>[1];

/** The program of a policy; undefined where it has errors, or asks for more than BPF has room for. */
export function programOf(text: string): Program | undefined {
  const { diagnostics, program } = snapshot(text, SETTINGS);
  return hasErrors(diagnostics) || program === undefined || checkC(program).length > 0 ? undefined : program;
}

/** The generated BPF C of a policy. */
export function cOf(program: Program, source: string): { readonly name: string; readonly text: string }[] {
  return emitC(program, { sourceName: SOURCE, source }).filter(({ name }) => /\.bpf\.c$|\.h$/.test(name));
}

/** One call: a function and its arguments, as 64 bits each. */
export interface Call {
  readonly name: string;
  readonly args: readonly bigint[];
}

/** Rounds of calls of every function, each followed by a look at everything that is kept. */
export function callsOf(policy: RandomPolicy, tape: readonly number[], rounds: number): Call[] {
  const c = new Choices(tape);
  return Array.from({ length: rounds }, () => [
    ...policy.functions.map((fn) => ({ name: fn.name, args: fn.params.map(({ type }) => valueOf(c, type)) })),
    ...policy.readers.map(({ name }): Call => ({ name, args: [] })),
  ]).flat();
}

const CLASS_NUMBERS = CLASSES.map((_, i) => BigInt([0, 1, 2, 3, 5, 7][i] ?? 0));

/** A value of `type`: often one near a power of two, where widths and signs matter. */
function valueOf(c: Choices, type: Scalar): bigint {
  if (type === 'Mode') return BigInt(c.pick(MODE)[1]);
  if (type === 'sched_class') return c.pick(CLASS_NUMBERS);
  const [lo, hi] = rangeOf(type);
  const near = (1n << BigInt(c.below(65))) + BigInt(c.below(5)) - 2n;
  const value = c.flip() ? BigInt(c.below(40)) : c.flip() ? -near : near;
  return lo + ((((value - lo) % (hi - lo + 1n)) + hi - lo + 1n) % (hi - lo + 1n));
}

/** What the executor answers to each call, as 64 bits. */
export function executorAnswers(program: Program, calls: readonly Call[]): bigint[] {
  const { functions, handlers } = program.host;
  const called = functions.map((fn, index) => handlerOf(fn, index, handlers));
  const { handlers: ready } = execution(
    { ...program, host: { functions, handlers: called } },
    'host',
    fakeHost(),
  );
  return calls.map(({ name, args }) => {
    const at = functions.findIndex((fn) => fn.name === name);
    const [fn, executable] = [functions[at], ready[at]];
    if (!fn || !executable) throw new Error(`no function ${name}`);
    fn.params.forEach(({ type }, i) => {
      const bits = args[i] ?? 0n;
      executable.frame[i] = type.kind === 'bool' ? bits !== 0n : canonical(bits);
    });
    return bitsOf(executable.run());
  });
}

const canonical = (value: bigint): Value => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
const bitsOf = (value: Value): bigint => {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Error(`no number: ${String(value)}`);
  return BigInt.asUintN(64, BigInt(value));
};

/** A handler that does nothing but call `fn` with its own parameters. */
function handlerOf(fn: Fn, index: number, handlers: readonly Handler[]): Handler {
  const [model] = handlers;
  if (!model) throw new Error('a policy without a hook');
  const { span } = fn;
  const args = fn.params.map((local): Expr => ({ kind: 'local', local, type: local.type, span }));
  const value: Expr = { kind: 'call', fn: fn.name, args, type: fn.result, span };
  const body: Stmt[] = [{ kind: 'return', value, span }];
  return { ...model, index, params: fn.params, body, locals: fn.params.length };
}

/**
 * The C of a program for each function: it reads the arguments from its context and writes the result there. Volatile:
 * the verifier takes no pointer into the context.
 */
export function wrappers(program: Program, functions: readonly Callable[]): string {
  const one = ({ name }: Callable): string => {
    const fn = program.host.functions.find((candidate) => candidate.name === name);
    if (!fn) throw new Error(`no function ${name}`);
    const args = fn.params.map(({ type }, i) =>
      type.kind === 'bool' ? `call->argument[${i}] != 0` : `(${cType(type)})call->argument[${i}]`,
    );
    return `SEC("syscall")\nint call_${name}(struct test_call *call)\n{\n\tcall->result = (u64)${name}(${args.join(', ')});\n\treturn 0;\n}\n`;
  };
  return `\nstruct test_call {\n\tvolatile u64 argument[8];\n\tu64 result;\n};\n\n${functions.map(one).join('\n')}`;
}

export interface Tools {
  readonly clang: string;
  /** The runner made of agree.c. */
  readonly agree: string;
}

/** What became of a policy in clang and in the kernel. */
export type Outcome =
  | { readonly kind: 'rejected'; readonly by: 'clang' | 'kernel'; readonly log: string }
  | { readonly kind: 'ran'; readonly answers: readonly string[] };

const run = promisify(execFile);

/**
 * Flags beyond the product's own. What clang says about the C is a mistake, but for what is no mistake in a policy that
 * nobody wrote on purpose: parameters that it does not need, and comparisons whose answer is known.
 */
const STRICT = [
  '-Wextra',
  '-Werror',
  '-Wno-unused-parameter',
  '-Wno-tautological-compare',
  '-Wno-self-assign',
  '-Wno-sign-compare',
  '-idirafter',
  '/usr/include/x86_64-linux-gnu',
];

/** Compiles one C file; undefined where it went well, else what clang says. */
async function compile(clang: string, folder: string): Promise<string | undefined> {
  const args = ['-target', 'bpf', ...BPF_FLAGS, ...STRICT, '-c', 'random.bpf.c', '-o', 'random.bpf.o'];
  try {
    await run(clang, args, { cwd: folder });
    return undefined;
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}

/** A policy's text, its generated files with the wrappers, and what to call. */
export interface Trial {
  readonly text: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly calls: readonly Call[];
}

/** Compiles and loads each policy and makes its calls in the kernel. */
export async function kernelAnswers({ clang, agree }: Tools, policies: readonly Trial[]): Promise<Outcome[]> {
  const root = mkdtempSync(join(tmpdir(), 'pvpolicy-agree-'));
  try {
    const logs: (string | undefined)[] = [];
    const folders = policies.map(({ files, text }, i) => {
      const folder = join(root, `${i}`);
      mkdirSync(folder);
      for (const file of files) writeFileSync(join(folder, file.name), file.text);
      writeFileSync(join(folder, SOURCE), text);
      return folder;
    });
    for (let i = 0; i < folders.length; i += 2) {
      logs.push(...(await Promise.all(folders.slice(i, i + 2).map((folder) => compile(clang, folder)))));
    }
    const outcomes: Outcome[] = [];
    for (const [i, { calls }] of policies.entries()) {
      const log = logs[i];
      outcomes.push(
        log === undefined
          ? await ask(agree, join(folders[i] ?? '', 'random.bpf.o'), calls)
          : { kind: 'rejected', by: 'clang', log },
      );
    }
    return outcomes;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Loads one object and runs the calls. */
function ask(agree: string, object: string, calls: readonly Call[]): Promise<Outcome> {
  const lines = calls.map(({ name, args }) =>
    ['run', `call_${name}`, ...args.map((arg) => `0x${BigInt.asUintN(64, arg).toString(16)}`)].join(' '),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(agree, [], { stdio: ['pipe', 'pipe', 'pipe'] });
    const output: string[] = [];
    const errors: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    child.on('error', reject);
    child.on('close', () => {
      const [loaded, ...answers] = output.join('').trimEnd().split('\n');
      if (loaded === 'ok') resolve({ kind: 'ran', answers });
      else resolve({ kind: 'rejected', by: 'kernel', log: `${loaded}\n${errors.join('').slice(-6000)}` });
    });
    child.stdin.on('error', () => undefined).end(`${[`load ${object}`, ...lines].join('\n')}\n`);
  });
}
