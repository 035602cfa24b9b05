import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { showDuration } from '../emit/executor/show.ts';
import type { Expr, Handler, Program } from '../ir/ir.ts';
import { walkSide, walkStmts } from '../ir/walk.ts';
import type { HookInfo } from '../semantics/kernel-view.ts';
import type { Trace } from '../trace/columns.ts';
import { kindIndex } from '../trace/kinds.ts';
import { bindParam } from './bindings.ts';
import { isAnswered } from './kernel-calls.ts';
import { OPS_REPLAYED } from './ops.ts';
import { has } from './prepass.ts';

/** Events of which a hook needs at least one of each group. */
type Needs = readonly (readonly string[])[];

/** Recorded events that each pvsched callback follows (docs/simulation.md). */
export const PVSCHED_EVENTS: Readonly<Record<string, Needs>> = {
  vmenter: [['kvm_entry']],
  vmexit: [['kvm_exit']],
  halt: [['sched_switch'], ['kvm_exit', 'kvm_vcpu_wakeup']],
  intr_inj: [['kvm_inj_virq']],
  register: [['kvm_entry', 'kvm_exit', 'kvm_vcpu_wakeup', 'kvm_userspace_exit', 'kvm_fpu']],
  unregister: [['sched_process_exit']],
};

/** What a hook needs of a trace to fire at all. */
export function needsOf(hook: HookInfo): Needs {
  switch (hook.family) {
    case 'tracepoint':
      return [[hook.name]];
    case 'pvsched':
      return PVSCHED_EVENTS[hook.name] ?? [];
    case 'op': {
      const event = OPS_REPLAYED[hook.name];
      if (event?.includes('sched_w')) return [['sched_waking', 'sched_wakeup', 'sched_switch']];
      return event?.includes('sched_switch') ? [['sched_switch']] : [];
    }
    case 'init':
    case 'exit':
    case 'every':
      return [];
  }
}

/** Groups of events, of which the trace has none. */
export function missing(trace: Trace, hook: HookInfo): readonly string[] {
  return needsOf(hook)
    .filter((group) => !group.some((event) => isReplayable(trace, event)))
    .map((group) => group.join(' or '));
}

/** Is the event there, with a row of its own? */
const isReplayable = (trace: Trace, event: string): boolean => kindIndex(event) >= 0 && has(trace, event);

/** The hook as the policy writes it. */
export function hookText(handler: Handler): string {
  const { hook, period } = handler;
  switch (hook.family) {
    case 'tracepoint':
      return `tracepoint ${hook.system}:${hook.name}`;
    case 'pvsched':
    case 'op':
      return `${hook.family} ${hook.name}`;
    case 'every':
      return `every ${showDuration(Number(period))}`;
    case 'init':
    case 'exit':
      return hook.family;
  }
}

/** How to record what the events belong to. */
function recordCommand(hooks: readonly HookInfo[]): string {
  const systems = new Set(['sched']);
  for (const hook of hooks) {
    if (hook.family === 'pvsched') systems.add('kvm');
    else if (hook.system !== '') systems.add(hook.system);
  }
  return `trace-cmd record ${[...systems].map((system) => `-e ${system}`).join(' ')} -C mono sleep 10`;
}

/** What stands in the way of replaying `program` over `trace`, and what the user should know of the result. */
export function supportOf(program: Program, trace: Trace): Diagnostic[] {
  return [
    ...callsWithoutAnswer(program),
    ...missingEvents(program, trace),
    ...program.host.handlers.flatMap((handler) => [
      ...unreadableParams(handler, trace),
      ...notReplayed(handler),
    ]),
    ...(program.guest?.handlers ?? []).map((handler) =>
      diagnostic('PV7054', handler.span, {
        hook: hookText(handler),
        why: 'it runs in the guest, of which a trace of the host shows nothing; assume what it writes in a scenario',
      }),
    ),
  ];
}

function callsWithoutAnswer(program: Program): Diagnostic[] {
  const found: Diagnostic[] = [];
  walkSide(program.host, {
    expr: (expr) => {
      if (expr.kind !== 'kernel-call' || isAnswered(expr.call)) return;
      found.push(diagnostic('PV7053', expr.span, { call: expr.call.name }));
    },
  });
  return found;
}

/** An error where no hook that follows events can fire; else a warning for each that cannot. */
function missingEvents(program: Program, trace: Trace): Diagnostic[] {
  const bound = program.host.handlers.filter(({ hook }) => needsOf(hook).length > 0);
  const lacking = bound.filter(({ hook }) => missing(trace, hook).length > 0);
  if (lacking.length === 0) return [];
  const fires =
    bound.length > lacking.length || program.host.handlers.some(({ hook }) => hook.family === 'every');
  if (fires) {
    return lacking.map((handler) =>
      diagnostic('PV7052', handler.span, {
        hook: hookText(handler),
        events: missing(trace, handler.hook).join(' and no '),
        record: recordCommand([handler.hook]),
      }),
    );
  }
  const events = new Set(lacking.flatMap(({ hook }) => missing(trace, hook)));
  const [first] = lacking;
  return [
    diagnostic('PV7051', first?.span ?? { start: 0, end: 0 }, {
      events: [...events].join(', '),
      record: recordCommand(lacking.map(({ hook }) => hook)),
    }),
  ];
}

/** Arguments of tracepoints that the policy reads and no trace has. */
function unreadableParams(handler: Handler, trace: Trace): Diagnostic[] {
  const { hook, params } = handler;
  if (hook.family !== 'tracepoint' || missing(trace, hook).length > 0) return [];
  return params.flatMap((local, i) => {
    const name = hook.params[i]?.name ?? '';
    const binding = bindParam(trace, hook.name, name);
    const use = typeof binding === 'string' ? firstRead(handler, local.id) : undefined;
    if (!use || typeof binding !== 'string') return [];
    return [
      diagnostic('PV7050', use.span, { event: `${hook.system}:${hook.name}`, field: name, why: binding }),
    ];
  });
}

/** Where the handler reads its local `id` first. */
export function firstRead(handler: Handler, id: number): Expr | undefined {
  let found: Expr | undefined;
  walkStmts(handler.body, {
    expr: (expr) => {
      if (expr.kind === 'local' && expr.local.id === id) found ??= expr;
    },
  });
  return found;
}

function notReplayed(handler: Handler): Diagnostic[] {
  const { hook } = handler;
  if (hook.family !== 'op' || Object.hasOwn(OPS_REPLAYED, hook.name)) return [];
  const why = 'no recorded event shows when the kernel would have called it';
  return [diagnostic('PV7054', handler.span, { hook: hookText(handler), why })];
}
