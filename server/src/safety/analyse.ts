import type { CallExpr, Expr } from '../../../grammar/ast.ts';
import { finish, type InParts } from '../../../grammar/in-parts.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { PROFILES, select, selectKernels, type KernelSelection } from '../kernel/profiles.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import { cannotWrite, checkAction, checkRingBuffer } from './action-rules.ts';
import { checkAllowed, type Allowlist } from './allowlist.ts';
import { checkBoosts } from './boosts.ts';
import { checkCall, checkOldName } from './call-rules.ts';
import { contextOf, titleOf } from './context.ts';
import { Costs } from './cost.ts';
import { checkFeedback } from './feedback.ts';
import { checkFrequency } from './frequency.ts';
import { checkHook } from './hook-rules.ts';
import { memoryOf } from './memory.ts';
import { checkLiveness } from './liveness/liveness.ts';
import { checkKickFlags, checkName } from './name-rules.ts';
import { Cache, type Place } from './place.ts';
import { checkSharing } from './sharing.ts';
import { isThisCpu } from './this-cpu.ts';
import { Reach, type Reached } from './reach.ts';
import type { Use } from './uses.ts';
import { judgeWrite, judgeCall } from './verdict.ts';

/**
 * Holds every hook of a policy, and all that is reachable from it, against every kernel of the selection (PV4xxx), and follows what a scheduler does with its tasks
 * (PV5xxx).
 * Each call is reported once for each hook and kind of mistake, with the kernels concerned and the way from the hook.
 */
export const analyse = (
  model: Model,
  kernels: Kernels = selectKernels(model.file),
  allow: Allowlist = {},
): readonly Diagnostic[] => finish(analyseInParts(model, kernels, allow));

type Kernels = KernelSelection & { readonly unsupported?: boolean };

/** The same, hook by hook. */
export function* analyseInParts(
  model: Model,
  kernels: Kernels,
  allow: Allowlist = {},
): InParts<readonly Diagnostic[]> {
  // Calls nested too deep are reported already, and nothing here would get to their end.
  if (model.diagnostics.some(({ code }) => code === 'PV2035')) return [];
  const found: Diagnostic[] = [];
  if (kernels.unsupported === true) found.push(...unsupported(model, kernels));
  const memory = memoryOf(model, kernels, allow);
  const reach = new Reach(model, memory.uses);
  const cache = new Cache();
  const costs = new Costs(model, reach);
  for (const handler of model.handlers) {
    const judge = (): readonly Diagnostic[] => {
      const place = placeOf(handler, model, kernels, cache);
      if (place === undefined) return unknownHook(handler, kernels);
      const ofUses = [...reach.from(handler)].flatMap((reached) => checkUse(reached, place, allow));
      return [...checkHead(place, allow), ...ofUses, ...costs.check(handler, place.context)];
    };
    for (const one of memory.of(handler, model, reach, judge)) found.push(one);
    yield;
  }
  const ofAll = [
    () => checkFeedback(model, reach, kernels),
    () => checkSharing(model, kernels, memory.changes),
    () => checkBoosts(model, reach),
    () => checkLiveness(model, reach),
  ];
  for (const rule of ofAll) {
    found.push(...rule());
    yield;
  }
  return withoutRepeats(found);
}

/** A hook that an imported kernel has and of whose context nothing is known. */
function unknownHook({ decl, hook }: HandlerModel, { label }: KernelSelection): readonly Diagnostic[] {
  if (hook === undefined || decl.kind !== 'hook') return [];
  return [diagnostic('PV4040', decl.hook.span, { hook: titleOf(hook), name: hook.name, kernel: label })];
}

function placeOf(
  handler: HandlerModel,
  model: Model,
  kernels: KernelSelection,
  cache: Cache,
): Place | undefined {
  const guest = handler.side === 'guest';
  const context = contextOf(handler, guest ? 'tracing' : model.target, kernels);
  if (context === undefined) return undefined;
  // Which kernel the guest runs is its own affair: whatever any of them forbids is forbidden.
  const selection = guest ? GUEST : kernels;
  return {
    model,
    file: model.file,
    handler,
    context,
    step: undefined,
    selection,
    cache: guest ? new Cache() : cache,
    own: new Cache(),
  };
}

const GUEST = select(PROFILES.filter((profile) => profile.mainline));

function checkHead(place: Place, allow: Allowlist): readonly Diagnostic[] {
  const { decl, hook, side } = place.handler;
  if (decl.kind !== 'hook' || hook === undefined) return [];
  const narrowed =
    hook.family === 'tracepoint'
      ? checkAllowed(
          allow.tracepoints,
          `${hook.system}:${hook.name}`,
          `the tracepoint ${hook.name}`,
          decl.hook.span,
        )
      : [];
  return side === 'guest' ? narrowed : [...narrowed, ...checkHook(place)];
}

function checkUse({ use, step }: Reached, hook: Place, allow: Allowlist): readonly Diagnostic[] {
  const place = { ...hook, step };
  switch (use.kind) {
    case 'call':
      return [
        ...checkAllowed(allow.kfuncs, use.name, `${use.name}()`, use.span),
        ...checkOldName(use.name, use.span),
        ...checkCall(use.name, use.span, place, use.args),
        ...checkKickFlags(use.name, use.args),
        ...checkKick(use.name, use.args[0], use.span, place),
        ...checkFrequency(use.name, use.args, use.span, place),
      ];
    case 'action':
      return [
        ...checkAllowed(allow.actions, use.action.name, `${use.action.name}()`, use.span),
        ...checkAction(use, place),
        ...checkKick(use.action.name, use.args[0], use.span, place),
      ];
    case 'dsq-walk':
      return checkCall('bpf_iter_scx_dsq_next', use.span, place);
    case 'log':
      return checkRingBuffer('log', use.span, place);
    case 'write':
      return checkWrite(use, place);
    case 'constant':
    case 'field':
      return place.handler.side === 'guest' ? [] : checkName(use, place);
    case 'fn':
    case 'dsq':
    case 'keep':
      return [];
  }
}

const KICKS = ['kick', 'scx_bpf_kick_cpu'];

/** At kvm_entry the kernel has tested need_resched for the last time (arch/x86/kvm/x86.c:vcpu_enter_guest). */
function checkKick(
  name: string,
  cpu: Expr | undefined,
  span: CallExpr['span'],
  place: Place,
): readonly Diagnostic[] {
  const { context, model } = place;
  if (!KICKS.includes(name) || context.row?.name !== 'kvm_entry' || !isThisCpu(cpu, model)) return [];
  return [diagnostic('PV4020', span, { call: `${name}()`, hook: context.title })];
}

/** Fields that a kfunc writes where the kernel has one, and the program itself where it has not. */
const WRITERS: Readonly<Record<string, string>> = {
  slice: 'scx_bpf_task_set_slice',
  dsq_vtime: 'scx_bpf_task_set_dsq_vtime',
};

function checkWrite(use: Use & { readonly kind: 'write' }, place: Place): readonly Diagnostic[] {
  const { selection, context } = place;
  const ofTask = use.struct === 'sched_ext_entity';
  const writer = ofTask ? WRITERS[use.field] : undefined;
  const bad = selection.profiles.filter((profile) => {
    const verdict =
      writer === undefined ? judgeWrite(use.field, context) : judgeCall(writer, context, profile, selection);
    return verdict !== undefined;
  });
  const field = ofTask ? `p.scx.${use.field}` : `${use.struct}.${use.field}`;
  return bad.length === 0 ? [] : [cannotWrite(field, bad, use.span, place)];
}

function unsupported(model: Model, kernels: KernelSelection): readonly Diagnostic[] {
  const requires = model.file.header?.requires;
  if (requires === undefined) return [];
  return [diagnostic('PV4026', requires.span, { version: requires.version, newest: kernels.label })];
}

/** The name of a call in a function that several hooks reach is old once, not once for each hook. */
function withoutRepeats(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return found.filter(({ code, span, message }) => {
    const key = `${code} ${span.start} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
