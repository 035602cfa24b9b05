import { finish, type InParts } from '../../../../grammar/in-parts.ts';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Expr, FieldDef, Fn, Handler, IrType, Program, Side, Stmt } from '../../ir/ir.ts';
import { cleanupKind } from './references.ts';
import { isLiteral, isMade, rangesOf } from './mask-kinds.ts';
import { lackedByOld } from './old-check.ts';
import { isForOld } from './old-kernels.ts';
import { MASK_WORDS } from './mask-words.ts';
import { followsPointers, maySleep } from './sleep.ts';
import { stacksOf } from './stack.ts';
import { fieldBytes } from './state.ts';
import { blocksOf, bodiesOf, forEachStmt } from './walk.ts';
import { walkedOf } from './walked.ts';

const NOWHERE: Span = { start: 0, end: 0 };

/** What a policy asks for that its C could not do, or that BPF has no room for. Empty: `emitC` may be called. */
export const checkC = (program: Program): readonly Diagnostic[] => finish(checkCInParts(program));

/** The same, body by body. */
export function* checkCInParts(program: Program): InParts<readonly Diagnostic[]> {
  const found = [
    ...names(program),
    ...sizes(program),
    ...program.states.flatMap((state) => state.fields.flatMap((field) => keptField(field))),
  ];
  if (isForOld(program)) found.push(...lackedByOld(program));
  for (const side of [program.host, ...(program.guest ? [program.guest] : [])])
    found.push(
      ...twoHandlers(side),
      ...timers(side),
      ...side.handlers.flatMap((handler) => sleepers(side, handler)),
      ...(yield* code(side)),
      ...(yield* stacks(side)),
      ...walks(side),
    );
  return found;
}

const cannot = (span: Span, what: string, why: string): Diagnostic =>
  diagnostic('PV6004', span, { what, why });

/** Who takes the policy's name, and how much of it (`PVSCHED_NAME_MAX`, `SCX_OPS_NAME_LEN`, files of the kernel). */
const NAME_LIMITS = {
  pvsched: { most: 31, who: 'the paravirt scheduling patches' },
  sched_ext: { most: 127, who: 'sched_ext' },
  tracing: { most: 127, who: 'the file system' },
} as const;

function names({ name, target }: Program): Diagnostic[] {
  const { most, who } = NAME_LIMITS[target];
  return name.length > most ? [diagnostic('PV6005', NOWHERE, { name, length: name.length, most, who })] : [];
}

/** Largest value of a task storage (64 KiB less its head), of a hash, and of one CPU's share of a per-CPU map. */
const LARGEST = { storage: 65_000, perCpu: 32_768 } as const;

function sizes(program: Program): Diagnostic[] {
  const tooLarge = (what: string, bytes: number, most: number): Diagnostic[] =>
    bytes > most ? [diagnostic('PV6006', NOWHERE, { what, bytes, most })] : [];
  const states = program.states.flatMap((state) =>
    tooLarge(
      state.scope === 'global' ? 'the state' : `the state of a ${state.scope}`,
      state.fields.reduce((sum, field) => sum + fieldBytes(field), 0),
      LARGEST.storage,
    ),
  );
  const scopes = ['global', 'vm', 'vcpu', 'task', 'cpu'] as const;
  const stats = scopes.flatMap((scope) => {
    const counters = program.counters.filter((counter) => counter.per === scope).length;
    const histograms = program.histograms.filter((histogram) => histogram.per === scope).length;
    return tooLarge(
      `what is counted ${scope === 'global' ? 'for all' : `per ${scope}`}`,
      counters * 8 + histograms * 520,
      LARGEST.perCpu,
    );
  });
  return [...states, ...stats];
}

function keptField(field: FieldDef): Diagnostic[] {
  const { type } = field.type;
  const inner = type.kind === 'optional' ? type.inner : type;
  if (inner.kind === 'cpumask' && field.type.kind !== 'scalar')
    return [cannot(NOWHERE, `the field '${field.name}'`, 'lists and rings keep no masks')];
  if (inner.kind === 'struct')
    return [
      cannot(NOWHERE, `the field '${field.name}'`, 'a pointer of the kernel must not outlive the hook'),
    ];
  return [];
}

/** The kernel has one place for each operation. */
function twoHandlers(side: Side): Diagnostic[] {
  const seen = new Set<string>();
  return side.handlers.flatMap((handler) => {
    if (handler.hook.family !== 'op') return [];
    if (seen.has(handler.hook.name)) {
      return [
        cannot(
          handler.span,
          `a second 'on op ${handler.hook.name}'`,
          'the kernel takes one; put both into one handler',
        ),
      ];
    }
    seen.add(handler.hook.name);
    return [];
  });
}

/** Timers of a side: each is a function of the program that starts them, of which the kernel takes 256 (BPF_MAX_SUBPROGS). */
const MOST_TIMERS = 200;

function timers(side: Side): Diagnostic[] {
  const timer = side.handlers.filter(({ hook }) => hook.family === 'every')[MOST_TIMERS];
  const why = `the kernel takes 256 functions in a program; put several into one 'every'`;
  return timer ? [cannot(timer.span, `'every' for the ${MOST_TIMERS + 1}st time`, why)] : [];
}

/** What the kernel's structs point to is there for as long as nothing sleeps. */
function sleepers(side: Side, { hook, body, span }: Handler): Diagnostic[] {
  if (!hook.sleepable || !maySleep(side, body) || !followsPointers(side, body)) return [];
  const why = "it also calls what may sleep, and the kernel's masks and tasks may be gone then";
  return [cannot(span, 'this handler', `${why}; do one of the two in another hook`)];
}

function* code(side: Side): InParts<Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const fn of side.functions) found.push(...signature(fn));
  for (const body of bodiesOf(side)) {
    if (flawless.has(body)) continue;
    const before = found.length;
    const held = heldLocals(body);
    forEachStmt(body, (stmt) => found.push(...statement(stmt, held)));
    found.push(...masksAtOnce(body, 0));
    if (found.length === before) flawless.add(body);
    yield;
  }
  return found;
}

/**
 * Masks that a block and those around it may make for as long as they last: for each that there may be no memory for, the verifier
 * walks all that follows once more.
 */
const MOST_MASKS = 8;

function masksAtOnce(body: readonly Stmt[], around: number): Diagnostic[] {
  let masks = around;
  return body.flatMap((stmt) => {
    if (stmt.kind === 'let' && isMade(stmt.value)) {
      masks++;
      const why = `blocks keep at most ${MOST_MASKS} masks at once, for the verifier's sake; use a mask where it is made`;
      return masks === MOST_MASKS + 1 ? [cannot(stmt.span, `the mask '${stmt.local.name}'`, why)] : [];
    }
    return blocksOf(stmt).flatMap((block) => masksAtOnce(block, masks));
  });
}

/** Bodies in which nothing was found; a body never changes, and is lowered once for all texts that have it. */
const flawless = new WeakSet<readonly Stmt[]>();

function signature(fn: Fn): Diagnostic[] {
  const what = `the result of '${fn.name}'`;
  const inner = fn.result.kind === 'optional' ? fn.result.inner : fn.result;
  if (inner.kind === 'cpumask')
    return [cannot(fn.span, what, 'a function cannot hand out a mask; ask it about CPUs instead')];
  return [];
}

/** Rounds that an iterator of the kernel makes at most (BPF_MAX_LOOPS). */
const MOST_ROUNDS = 8n * 1024n * 1024n;

function statement(stmt: Stmt, held: ReadonlySet<number>): Diagnostic[] {
  switch (stmt.kind) {
    case 'for-range':
    case 'for-each':
      return stmt.max > MOST_ROUNDS
        ? [cannot(stmt.span, `a loop of ${stmt.max} rounds`, 'the kernel allows 8388608')]
        : [];
    case 'set':
      return heldElsewhere(stmt.value, held)
        ? [cannot(stmt.span, `the assignment to '${stmt.local.name}'`, HELD)]
        : [];
    case 'return':
      return stmt.value && heldElsewhere(stmt.value, held) ? [cannot(stmt.span, 'this return', HELD)] : [];
    case 'action':
      return [...stmt.action.args.flatMap(actionArgument)];
    default:
      return [];
  }
}

const HELD = 'the reference that it needs ends with the block; use it where it is made';

/** Values that are made for the block at hand: masks that the policy puts together, and references; `held`: locals with one. */
function heldElsewhere(value: Expr, held: ReadonlySet<number>): boolean {
  switch (value.kind) {
    case 'local':
      return held.has(value.local.id);
    case 'select': {
      const { then, otherwise } = value;
      return isMade(value) || heldElsewhere(then, held) || heldElsewhere(otherwise, held);
    }
    case 'some':
      return heldElsewhere(value.operand, held);
    case 'kernel-call':
      return cleanupKind(value.call.name) !== undefined;
    case 'load':
      return value.place.kind === 'state' && isTask(value.type);
    default:
      return isMade(value) || isThreadOfVcpu(value);
  }
}

/** A thread that is looked up by the id that its vCPU has. */
const isThreadOfVcpu = (value: Expr): boolean => value.kind === 'intrinsic' && value.name === 'vcpu-task';

/** Locals whose value is made for the block that declares them. */
function heldLocals(body: readonly Stmt[]): ReadonlySet<number> {
  const held = new Set<number>();
  forEachStmt(body, (stmt) => {
    if ((stmt.kind === 'let' || stmt.kind === 'if-some') && heldElsewhere(stmt.value, held))
      held.add(stmt.local.id);
  });
  return held;
}

const isTask = (type: IrType): boolean =>
  type.kind === 'task' || (type.kind === 'optional' && type.inner.kind === 'task');

function actionArgument(arg: Expr): Diagnostic[] {
  if (arg.type.kind === 'string' && (arg.kind !== 'const' || typeof arg.value !== 'string')) {
    return [
      cannot(arg.span, 'an event whose name is not written out', 'the agent knows events by their names'),
    ];
  }
  if (!isLiteral(arg)) return [];
  const most = BigInt(MASK_WORDS * 64);
  const beyond = rangesOf(arg).some(([, hi]) => hi.kind === 'const' && BigInt(hi.value) >= most);
  return beyond ? [cannot(arg.span, 'this mask', `requests to the agent hold CPUs below ${most}`)] : [];
}

/** Bytes of stack that all frames of a program share. */
const STACK = 512;

function* stacks(side: Side): InParts<Diagnostic[]> {
  const stackOf = stacksOf(side);
  const found: Diagnostic[] = [];
  for (const handler of side.handlers) {
    const bytes = stackOf(handler.body);
    if (bytes > STACK) found.push(diagnostic('PV6007', handler.span, { what: titleOf(handler), bytes }));
    yield;
  }
  return found;
}

/**
 * Branches that the verifier keeps in mind (BPF_COMPLEXITY_LIMIT_JMP_SEQ in kernel/bpf/verifier.c, met in push_stack() of 6.18), and
 * updates under conditions after which it has walked a million instructions (BPF_COMPLEXITY_LIMIT_INSNS): with two variables about a
 * quarter of their third power, as measured there.
 */
const MOST = { branches: 8192, updates: 160 } as const;

/** Handlers that the verifier has not the patience for. */
function walks(side: Side): Diagnostic[] {
  const walked = walkedOf(side);
  return side.handlers.flatMap((handler) => {
    const { branches, updates } = walked(handler.body);
    const tooMany = (found: number, of: string, most: number): Diagnostic[] =>
      found > most ? [diagnostic('PV6012', handler.span, { what: titleOf(handler), found, of, most })] : [];
    return [
      ...tooMany(branches, 'branches one after the other', MOST.branches),
      ...tooMany(updates, 'updates of variables under conditions', MOST.updates),
    ];
  });
}

function titleOf({ hook }: Handler): string {
  if (hook.family === 'tracepoint') return `'on tracepoint ${hook.system}:${hook.name}'`;
  return hook.name === ''
    ? `'${hook.family === 'every' ? 'every' : `on ${hook.family}`}'`
    : `'on ${hook.family} ${hook.name}'`;
}
