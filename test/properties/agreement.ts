import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkC, emitC } from '../../server/src/emit/c/index.ts';
import { BPF_FLAGS } from '../../server/src/emit/c/makefile.ts';
import { execution } from '../../server/src/emit/executor/execute.ts';
import type { Host, Value } from '../../server/src/emit/executor/host.ts';
import type { Samples } from '../../server/src/emit/executor/samples.ts';
import type { Expr, Fn, Handler, IrType, Program, Stmt } from '../../server/src/ir/ir.ts';
import { hasErrors, snapshot } from '../../server/src/pipeline.ts';
import { Choices } from '../support/random-choices.ts';
import {
  CLASSES,
  isThing,
  MODE,
  rangeOf,
  type Callable,
  type Scalar,
} from '../support/random-policy-expressions.ts';
import type { RandomPolicy, RandomSide } from '../support/random-policy.ts';
import type { Stored } from '../support/random-policy-state.ts';
import {
  argumentOf,
  executorValue,
  machineHost,
  numbered,
  requestSeen,
  rowsFrom,
  runnerText,
  setup,
  THREADS,
  type Argument,
  type Hints,
  type Row,
} from './machine.ts';

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

/** Host or guest: the two have a program each. */
export type Side = 'host' | 'guest';

/** One call: a function and its arguments, of numbers 64 bits each; or a handler by its family and number. */
export interface Call {
  readonly name: string;
  readonly args: readonly Argument[];
}

/** What happens to a policy: the operator's tables, what guests wrote, and calls. */
export interface Run {
  readonly rows: readonly Row[];
  readonly hints: Hints;
  readonly calls: readonly Call[];
}

/** Rounds of calls of every function and handler, each followed by a look at everything that is kept; histograms at the end. */
export function runOf(policy: RandomPolicy, side: RandomSide, tape: readonly number[], rounds: number): Run {
  const c = new Choices(tape);
  const rows = rowsFrom(c, policy.tables, ({ type }) => anyNumber(c, type));
  const hints = THREADS.map(() => policy.hints.map(({ type }) => hintOf(c, type)));
  const called = (fn: Callable): Call => callOf(c, fn);
  const calls = Array.from({ length: rounds }, () => [
    ...side.functions.map(called),
    ...side.blocks.map((name): Call => ({ name, args: [] })),
    ...side.readers.map(called),
  ]).flat();
  return { rows, hints, calls: [...calls, ...side.stored.filter(isHistogram).flatMap(slotCalls)] };
}

/** A call of a function with arguments as they come. */
export const callOf = (c: Choices, { name, params }: Callable): Call => ({
  name,
  args: params.map((param) => (isThing(param) ? argumentOf(c, param.type) : anyNumber(c, param.type))),
});

/** What a guest may write: any byte for a truth value, any number for a member of an enum. */
const hintOf = (c: Choices, type: Scalar): bigint =>
  type === 'bool' || type === 'Mode' ? BigInt(c.pick([0, 1, 3, 255])) : anyNumber(c, type);

const isHistogram = ({ kind }: Stored): boolean => kind === 'histogram';

/** Slots of a histogram in the kernel, and behind them the sum of all values. */
const SLOTS = 64;

/** Looks at all slots of a histogram, for each whose it may be. */
function slotCalls({ owner, name }: Stored): Call[] {
  const owners: Argument[] =
    owner === ''
      ? [0n]
      : owner === 'cpu'
        ? [0n]
        : owner === 'vm'
          ? [0, 1].map((at) => ({ kind: 'vm', at }))
          : THREADS.map((_, at) => ({ kind: 'thread', at }));
  return owners.flatMap((whose) =>
    Array.from({ length: SLOTS + 1 }, (_, i) => ({ name: `slot_${name}`, args: [BigInt(i), whose] })),
  );
}

const CLASS_NUMBERS = CLASSES.map((_, i) => BigInt([0, 1, 2, 3, 5, 7][i] ?? 0));

/** A value of `type`: often one near a power of two, where widths and signs matter. */
export function anyNumber(c: Choices, type: Scalar): bigint {
  if (type === 'Mode') return BigInt(c.pick(MODE)[1]);
  if (type === 'sched_class') return c.pick(CLASS_NUMBERS);
  const [lo, hi] = rangeOf(type);
  const near = (1n << BigInt(c.below(65))) + BigInt(c.below(5)) - 2n;
  const value = c.flip() ? BigInt(c.below(40)) : c.flip() ? -near : near;
  return lo + ((((value - lo) % (hi - lo + 1n)) + hi - lo + 1n) % (hi - lo + 1n));
}

/** The executor's host. What the policy asks for is put into `asked`. */
export interface TestHost extends Host {
  readonly asked: string[];
  /** Answers calls of what is no code of the policy's, and takes from others what is around them. */
  readonly before?: (call: Call) => string | undefined;
  /** Does what a call is that is put together of several, and gives its result. */
  readonly whole?: (call: Call, run: RunCall) => bigint | undefined;
}

/** Runs a function or handler of the policy: its result as 64 bits. */
export type RunCall = (call: Call) => bigint;

/** What the executor answers to each call, as the runner shows it: its result, and what it asked the agent for. */
export function executorAnswers(
  program: Program,
  side: Side,
  text: string,
  { rows, hints, calls }: Run,
  around: (host: TestHost) => TestHost = (host) => host,
): string[] {
  const { functions, handlers } = program[side] ?? { functions: [], handlers: [] };
  const called = functions.map((fn, index) => handlerOf(fn, index, handlers));
  const lineOf = (start: number): number => text.slice(0, start).split('\n').length;
  const host = around(machineHost(program, rows, hints, lineOf));
  const isBlock = ({ params, hook }: Handler): boolean => params.length === 0 && BLOCK.test(hook.family);
  const tried = handlers.filter((handler) => isBlock(handler) || handler.hook.family === 'op');
  const { handlers: ready, machine } = execution(
    { ...program, [side]: { functions, handlers: [...called, ...tried] } },
    side,
    host,
  );
  const handlerAt = (name: string): number => {
    const family = tried.filter(({ hook }) =>
      name.startsWith('op_') ? `op_${hook.name}` === name : name.startsWith(hook.family),
    );
    const found = family[Number(/\d+$/.exec(name)?.[0] ?? 0)];
    return found ? functions.length + tried.indexOf(found) : -1;
  };
  const runCall = ({ name, args }: Call): bigint => {
    const isHandler = BLOCK.test(name) || name.startsWith('op_');
    const at = isHandler ? handlerAt(name) : functions.findIndex((fn) => fn.name === name);
    const executable = ready[at];
    if (!executable) throw new Error(`no function ${name}`);
    executable.handler.params.forEach(({ type }, i) => {
      executable.frame[i] = parameter(type, args[i] ?? 0n);
    });
    const result = executable.run();
    return isHandler && executable.handler.hook.result.kind === 'void' ? 0n : bitsOf(result);
  };
  return calls.map((call) => {
    const { name, args } = call;
    if (name.startsWith('slot_')) return slotOf(machine.histograms.get(name.slice(5)), args);
    const answer = host.before?.(call);
    if (answer !== undefined) return answer;
    host.asked.length = 0;
    const result = host.whole?.(call, runCall) ?? runCall(call);
    return [result.toString(16), ...host.asked].join(' ');
  });
}

function parameter(type: IrType, argument: Argument): Value {
  if (typeof argument !== 'bigint') return executorValue(argument);
  if (type.kind === 'bool') return argument !== 0n;
  return type.kind === 'optional' ? undefined : canonical(argument);
}

/** Handlers without parameters: timers, and what runs once. */
const BLOCK = /^(?:every|init|exit)\d*$/;

/** How many samples lie in a slot, or their sum: what the kernel keeps of what the executor keeps one by one. */
function slotOf(
  histogram: ReadonlyMap<number, Samples> | undefined,
  [index, whose = 0n]: readonly Argument[],
): string {
  const samples = histogram?.get(Number(executorValue(whose) ?? whose));
  const values = [...(samples?.values.subarray(0, samples.length) ?? [])];
  if (index === BigInt(SLOTS)) {
    const sum = values.reduce((total, value) => total + BigInt(value), 0n);
    return values.every(Number.isSafeInteger) ? BigInt.asUintN(64, sum).toString(16) : ANY;
  }
  const slot = (value: number): number => (value === 0 ? 0 : BigInt(value).toString(2).length - 1);
  return values.filter((value) => BigInt(slot(value)) === index).length.toString(16);
}

/** The answer of an executor that does not know: it keeps samples as doubles. */
const ANY = '?';

/** The index of the first call of which executor and kernel differ, or −1. */
export const firstDifference = (executor: readonly string[], kernel: readonly string[]): number =>
  executor.findIndex((answer, i) => answer !== ANY && answer !== kernel[i]);

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

const OBJECT = 'random.bpf.o';

/** The C file of a side. */
export const mainOf = (side: Side): string => (side === 'host' ? 'random.bpf.c' : 'random.guest.bpf.c');

/** Compiles one C file; undefined where it went well, else what clang says. */
async function compile(clang: string, folder: string, side: Side): Promise<string | undefined> {
  const args = ['-target', 'bpf', ...BPF_FLAGS, ...STRICT, '-c', mainOf(side), '-o', OBJECT];
  try {
    await run(clang, args, { cwd: folder });
    return undefined;
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}

/** A policy's text, its program, generated files with the wrappers, and what to call of a side. */
export interface Trial {
  readonly text: string;
  readonly program: Program;
  readonly side: Side;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly run: Run;
  /** What the runner is told first of all. */
  readonly first?: readonly string[];
  /** An answer's calls, between which its requests stand. */
  readonly shown?: (asked: readonly string[]) => readonly string[];
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
      const two = folders.slice(i, i + 2);
      const sides = policies.slice(i, i + 2).map(({ side }) => side);
      logs.push(...(await Promise.all(two.map((folder, j) => compile(clang, folder, sides[j] ?? 'host')))));
    }
    const outcomes: Outcome[] = [];
    for (const [i, trial] of policies.entries()) {
      const log = logs[i];
      outcomes.push(
        log === undefined
          ? await ask(agree, join(folders[i] ?? '', OBJECT), trial)
          : { kind: 'rejected', by: 'clang', log },
      );
    }
    return outcomes;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Loads one object and runs the calls. */
function ask(agree: string, object: string, trial: Trial): Promise<Outcome> {
  const { run: wanted, program, files, first = [], shown = (asked) => asked } = trial;
  const { rows, hints, calls } = wanted;
  const before = [...first, ...setup(program, rows, hints)];
  const lines = calls.map(({ name, args }) =>
    ['run', name.startsWith('slot_') ? name : `call_${name}`, ...args.map(runnerText)].join(' '),
  );
  const names = numbered(files.find(({ name }) => name.endsWith('.h'))?.text ?? '');
  return new Promise((resolve, reject) => {
    const child = spawn(agree, [], { stdio: ['pipe', 'pipe', 'pipe'] });
    const output: string[] = [];
    const errors: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    child.on('error', reject);
    child.on('close', () => {
      const [loaded, ...answers] = output.join('').trimEnd().split('\n');
      if (loaded !== 'ok') {
        resolve({ kind: 'rejected', by: 'kernel', log: `${loaded}\n${errors.join('').slice(-6000)}` });
        return;
      }
      const seen = answers.slice(before.length).map((answer) => {
        const [result = '', ...asked] = answer.split(' ');
        // What the object has no program or map for is what the policy never uses: nothing was recorded.
        if (result === 'absent') return '0';
        const seen = asked.map((text) => (text.startsWith('=') ? text : requestSeen(text, names)));
        return [result, ...shown(seen)].join(' ');
      });
      resolve({ kind: 'ran', answers: seen });
    });
    child.stdin.on('error', () => undefined).end(`${[`load ${object}`, ...before, ...lines].join('\n')}\n`);
  });
}
