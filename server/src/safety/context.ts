import type { HandlerModel, Target } from '../semantics/model.ts';
import type { HookInfo } from '../semantics/kernel-view.ts';
import { hookRow, type Effect, type HookRow } from '../kernel/catalogue.ts';
import { forbiddenBy, heldLocks, type HeldLock } from '../kernel/locks.ts';
import type { KernelSelection } from '../kernel/profiles.ts';

/**
 * What kind of program the compiler makes of a handler; decides which calls the kernel lets it make. 'syscall' is
 * run by the loader through BPF_PROG_RUN, 'timer' is the callback of a bpf_timer.
 */
export type ProgramKind = 'tracing' | 'scx' | 'pvsched' | 'syscall' | 'timer';

/** The circumstances in which a handler runs. */
export interface HookContext {
  /** As the policy writes it: `on tracepoint sched:sched_switch`. */
  readonly title: string;
  readonly kind: ProgramKind;
  /** Target of the policy: a timer of sched_ext may call what its init may. */
  readonly target: Target | undefined;
  /** Name of the sched_ext op whose permissions hold; undefined outside of sched_ext. */
  readonly op: string | undefined;
  /** Absent for init, exit and every, which are not the kernel's. */
  readonly row: HookRow | undefined;
  readonly forbids: ReadonlySet<Effect>;
  readonly locks: readonly HeldLock[];
  readonly nmi: boolean;
  /** Where the kernel runs it, for the explanation: 'kernel/sched/core.c:__schedule'. */
  readonly site: string;
}

// That a timer of sched_ext may make the calls of `init`, from which it is started, is inferred from the filter.
const TIMER: Pick<HookContext, 'forbids' | 'locks' | 'nmi' | 'row' | 'site'> = {
  row: undefined,
  // hrtimer callbacks of BPF run in soft interrupts, with no lock held (kernel/bpf/helpers.c:bpf_timer_cb).
  forbids: new Set<Effect>(['may_sleep', 'requires_irqs_enabled']),
  locks: [],
  nmi: false,
  site: 'kernel/bpf/helpers.c:bpf_timer_cb',
};

/** The context of `every`. */
export const contextOfTimer = (target: Target | undefined): HookContext => ({
  ...TIMER,
  title: 'every',
  target,
  kind: 'timer',
  op: target === 'sched_ext' ? 'init' : undefined,
});

/** Where hooks that the catalogue lacks, or has otherwise, are described. */
type Kernels = Pick<KernelSelection, 'outOfTree'>;

/** The context of a handler; undefined where nothing is known of its hook. */
export function contextOf(
  handler: HandlerModel,
  target: Target | undefined,
  kernels: Kernels = {},
): HookContext | undefined {
  return handler.hook && contextOfHook(handler.hook, target, kernels);
}

/** The context in which a handler of the hook runs; undefined for a hook of which nothing is known. */
export function contextOfHook(
  hook: HookInfo,
  target: Target | undefined,
  { outOfTree }: Kernels = {},
): HookContext | undefined {
  const title = titleOf(hook);
  switch (hook.family) {
    case 'every':
      return contextOfTimer(target);
    case 'init':
    case 'exit':
      if (target === 'sched_ext') return ofRow(title, target, hookRow('op', hook.family));
      return {
        title,
        target,
        kind: 'syscall',
        op: undefined,
        row: undefined,
        forbids: new Set(),
        locks: [],
        nmi: false,
        site: 'the loader',
      };
    case 'tracepoint':
    case 'op':
    case 'pvsched':
      return ofRow(
        title,
        target,
        outOfTree?.hooks?.find(({ family, name }) => family === hook.family && name === hook.name) ??
          hookRow(hook.family, hook.name),
      );
  }
}

const ofRow = (
  title: string,
  target: Target | undefined,
  row: HookRow | undefined,
): HookContext | undefined => row && contextOfRow(title, target, row);

/** The context that a row of the catalogue describes. */
export function contextOfRow(title: string, target: Target | undefined, row: HookRow): HookContext {
  const locks = heldLocks(row);
  const kind = row.family === 'tracepoint' ? 'tracing' : row.family === 'op' ? 'scx' : 'pvsched';
  return {
    title,
    kind,
    target,
    op: row.family === 'op' ? row.name : undefined,
    row,
    forbids: new Set([...(row.forbids ?? []), ...forbiddenBy(locks)]),
    locks,
    nmi: row.contexts.includes('nmi'),
    site: showSite(row.sites[0] ?? ''),
  };
}

/** `on op enqueue`, `every`: how the policy names a hook. */
export function titleOf(hook: Pick<HookInfo, 'family' | 'system' | 'name'>): string {
  switch (hook.family) {
    case 'tracepoint':
      return `on tracepoint ${hook.system === '' ? '' : `${hook.system}:`}${hook.name}`;
    case 'op':
    case 'pvsched':
      return `on ${hook.family} ${hook.name}`;
    case 'init':
    case 'exit':
      return `on ${hook.family}`;
    case 'every':
      return 'every';
  }
}

/** 'runs with rq(this_cpu).__lock held, interrupts disabled': the context in a few words. */
export function describeContext(context: HookContext): string {
  const { row } = context;
  if (row === undefined) {
    if (context.kind === 'timer') return 'runs in a timer: a soft interrupt, with no scheduler lock held';
    return 'runs in the loader, with no lock held';
  }
  const always = context.locks.filter(({ always, class: kind }) => always && kind !== 'section');
  const sometimes = context.locks.filter(({ always, class: kind }) => !always && kind !== 'section');
  const held = [
    always.length > 0 ? `${list(always)} held` : '',
    sometimes.length > 0 ? `${list(sometimes)} possibly held` : '',
  ].filter((part) => part !== '');
  return `runs with ${held.join(', ') || 'no lock held'}, interrupts ${showIrqs(row.irqs)}`;
}

const list = (locks: readonly HeldLock[]): string => locks.map(showLock).join(', ');

/** A lock as messages name it: an open set of locks in words. */
export const showLock = ({ lock, class: kind }: HeldLock): string =>
  kind === 'any' ? (/any lock (the|of) [a-z ]+/.exec(lock)?.[0].trim() ?? 'any lock') : lock;

/** 'off', 'on', 'on or off': the state of interrupts in the words of the messages. */
export function showIrqs(irqs: string): string {
  if (irqs === 'either') return 'on or off';
  return irqs.replaceAll('disabled', 'off').replaceAll('enabled', 'on').replace('off or on', 'on or off');
}

/** 'kernel/sched/core.c:__schedule' of a call site with its callers and remarks. */
export const showSite = (site: string): string => site.replace(/ (<-|\().*$/, '').replace(/,.*$/, '');
