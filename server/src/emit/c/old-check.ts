import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { Expr, Fn, Handler, Program, Stmt } from '../../ir/ir.ts';
import { plainEffort } from './effort.ts';
import { isMade, maskWords } from './mask-kinds.ts';
import { MODERN_TRACING } from './old-kernels.ts';
import { exprsOf, forEachStmt, operandsOf } from './walk.ts';

/**
 * What the verifier is sure to walk. It keeps 8192 branches in mind (BPF_COMPLEXITY_LIMIT_JMP_SEQ), which comes before its
 * million instructions: about one a statement in a plain loop, and half of them for what the estimate leaves out.
 */
const MOST_EFFORT = 24_000;

const MASKS = "masks of CPUs for programs (pin to 'cpus(…)' as it is; ask it, or a param, by 'has')";
const THREADS = 'look-up of a thread by its id';
const LOOPS =
  'iterators, and the loops here have too many rounds for its verifier to walk each; lower their max';

/** What a policy for kernels before 6.4, too, asks of them that they lack, where it does. */
export const lackedByOld = (program: Program): Diagnostic[] =>
  [program.host, ...(program.guest ? [program.guest] : [])].flatMap((side) => {
    const effort = plainEffort(side);
    return [
      ...side.functions.flatMap(lacks),
      ...side.handlers.flatMap((handler) => [
        ...lacks(handler),
        ...(effort(handler.body) > MOST_EFFORT ? [lacked(handler.span, LOOPS)] : []),
      ]),
    ];
  });

const lacked = (span: Span, what: string): Diagnostic =>
  diagnostic('PV6011', span, { kernels: MODERN_TRACING, what });

function lacks({ body }: Fn | Handler): Diagnostic[] {
  const found: Diagnostic[] = [];
  forEachStmt(body, (stmt) => {
    const wants = new Set(wantedBy(stmt));
    found.push(...[...wants].map((what) => lacked(stmt.span, what)));
  });
  return found;
}

function wantedBy(stmt: Stmt): readonly string[] {
  const value = stmt.kind === 'let' || stmt.kind === 'set' || stmt.kind === 'store' ? stmt.value : undefined;
  const masks = stmt.kind === 'action' ? stmt.action.args.filter((arg) => !isKnown(arg)) : [];
  const held = [value, ...masks].some((one) => one?.type.kind === 'cpumask') ? [MASKS] : [];
  // An action names a thread by its id, and so do numbers that are kept of it.
  const byId = stmt.kind === 'action' || stmt.kind === 'count' || stmt.kind === 'record';
  return [...held, ...exprsOf(stmt).flatMap((expr) => wanted(expr, byId))];
}

/** Masks that are known at compile time travel to the agent as they are. */
const isKnown = (arg: Expr): boolean => isMade(arg) && maskWords(arg) !== undefined;

/** `byId`: of a thread no more than the id is asked for. */
function wanted(expr: Expr, byId = false): readonly string[] {
  const inner = (): readonly string[] => operandsOf(expr).flatMap((operand) => wanted(operand));
  switch (expr.kind) {
    case 'kernel-call':
      return [
        ...(expr.call.class === 'helper' ? [] : [`kernel function ${expr.call.name}() that is known of`]),
        ...inner(),
      ];
    case 'call':
      return [...(expr.args.some((arg) => arg.type.kind === 'cpumask') ? [MASKS] : []), ...inner()];
    case 'load':
      if (expr.place.kind === 'kernel')
        return [...(expr.type.kind === 'cpumask' ? [MASKS] : []), ...thread(expr.place.object), ...inner()];
      return [...(isTask(expr) ? [THREADS] : []), ...inner()];
    case 'select':
      return [...(expr.type.kind === 'cpumask' ? [MASKS] : []), ...inner()];
    case 'table':
      return operandsOf(expr).flatMap((operand) => wanted(operand, true));
    case 'intrinsic':
      return intrinsic(expr, byId);
    default:
      return inner();
  }
}

function intrinsic(expr: Expr & { kind: 'intrinsic' }, byId: boolean): readonly string[] {
  const [first] = expr.args;
  const inner = (by = false): readonly string[] => expr.args.flatMap((arg) => wanted(arg, by));
  switch (expr.name) {
    case 'task-pid':
    case 'task-tgid':
      return inner(true);
    case 'vcpu-task':
      return [...(byId ? [] : [THREADS]), ...inner()];
    case 'task-comm':
    case 'is-kthread':
    case 'vcpu-of-task':
      return [...(first ? thread(first) : []), ...inner()];
    case 'can-run-on':
    case 'mask-and':
    case 'mask-or':
    case 'mask-xor':
    case 'mask-not':
    case 'mask-empty':
    case 'mask-count':
    case 'mask-any':
    case 'mask-first':
      return [MASKS, ...inner()];
    default:
      return inner();
  }
}

const isTask = ({ type }: Expr): boolean =>
  type.kind === 'task' || (type.kind === 'optional' && type.inner.kind === 'task');

/** The thread of a vCPU is looked up, except where its id is enough. */
const thread = (of: Expr): readonly string[] => (of.type.kind === 'vcpu' ? [THREADS] : []);
