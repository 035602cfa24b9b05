import type { Action, Expr } from '../../ir/ir.ts';
import type { Body, C } from './body.ts';
import { exprC, exprText } from './expressions.ts';
import { kfunc } from './kfuncs.ts';
import { isMade, maskWords } from './mask-kinds.ts';
import { hoistMask, maskC } from './masks.ts';
import { upper } from './names.ts';
import { threadIds } from './owners.ts';
import type { Line } from './printer.ts';
import { taskC } from './tasks.ts';

/** How a request to the agent carries the arguments of an action, after whom it is about. */
export interface RequestForm {
  /** Whom the action is about: a thread, a VM, or nobody. */
  readonly whom: 'thread' | 'vm' | 'nobody';
  /** Names of the numbers that go into `arg[]`, in order, as C parameters. */
  readonly args: readonly string[];
  /** The last argument says how long it holds. */
  readonly until?: boolean;
  /** An argument is a mask of CPUs. */
  readonly mask?: boolean;
}

/** Actions that the agent does, as `kernel/delivery.ts` has them. */
export const REQUESTS: Readonly<Record<string, RequestForm>> = {
  boost: { whom: 'thread', args: ['u32 policy', 'u32 prio'], until: true },
  unboost: { whom: 'thread', args: [] },
  set_nice: { whom: 'thread', args: ['s32 nice'] },
  set_weight: { whom: 'thread', args: ['u32 weight'] },
  set_uclamp: { whom: 'thread', args: ['u64 low', 'u64 high'] },
  pin: { whom: 'thread', args: [], mask: true },
  unpin: { whom: 'thread', args: [] },
  cap: { whom: 'vm', args: ['u64 share'] },
  set_halt_poll: { whom: 'vm', args: ['u64 limit'] },
  core_tag: { whom: 'vm', args: [] },
  signal: { whom: 'nobody', args: ['u32 event'] },
};

/** C for an action: a request to the agent, or at once where sched_ext itself does it. */
export function actionLines(body: Body, action: Action): Line[] {
  const { unit } = body;
  const line = (text: string): Line => ({ text, origin: body.line });
  const [first, ...rest] = action.args;
  if (action.name === 'kick') {
    return [line(`${kfunc(unit, 'scx_bpf_kick_cpu')}(${exprText(body, required(first))}, 0);`)];
  }
  if (action.name === 'set_slice') return setSlice(body, required(first), required(rest[0]));
  const form = REQUESTS[action.name];
  if (form === undefined) throw new Error(`no delivery for ${action.name}`);
  const own = unit.delivers[action.name];
  if (own !== undefined && !action.deferred && form.mask !== true && form.whom !== 'nobody')
    return inline(body, action, form, own);
  unit.features.add('requests');
  unit.actions.add(action.name);
  if (form.mask === true) return pinLines(body, action.name, required(first), required(rest[0]));
  const args = [...whom(body, form, first), ...argTexts(body, action, form)];
  return [line(`pv_${action.name}(${args.join(', ')});`)];
}

const required = (expr: Expr | undefined): Expr => {
  if (expr === undefined) throw new Error('an action lacks an argument');
  return expr;
};

function setSlice(body: Body, thread: Expr, slice: Expr): Line[] {
  const task = taskC(body, thread);
  return guarded(
    body,
    task,
    `${kfunc(body.unit, 'scx_bpf_task_set_slice')}(${task.text}, ${exprText(body, slice)});`,
  );
}

/** A call about a thread, which may be gone. */
function guarded(body: Body, { guards }: C, call: string): Line[] {
  const [guard] = guards ?? [];
  if (guard === undefined) return [{ text: call, origin: body.line }];
  return [
    { text: `if (${guard})`, origin: body.line },
    { text: `\t${call}`, origin: body.line },
  ];
}

/** Names under which functions take what an action calls otherwise. */
const SYNONYMS: Readonly<Record<string, string>> = { class: 'policy', duration: 'limit', limit_ns: 'limit' };

/**
 * A call of the function of an out-of-tree kernel that does the action at once. Its first parameter is the thread (or the
 * VM's thread group id); others get the action's argument of that name, else the next that nothing else has, else 0.
 */
function inline(body: Body, action: Action, form: RequestForm, name: string): Line[] {
  const { unit } = body;
  const target = required(action.args[0]);
  const whomC = form.whom === 'thread' ? taskC(body, target) : exprC(body, target);
  const names = [...form.args.map((arg) => arg.replace(/^\w+ /, '')), ...(form.until ? ['limit'] : [])];
  const left = new Map(argTexts(body, action, form).map((text, i) => [names[i] ?? '', text]));
  const params = parameterNames(unit.kernel?.call(name)?.signature ?? '').slice(1);
  const named = params.map((param) => SYNONYMS[param] ?? param);
  const byName = named.map((param) => {
    const text = left.get(param);
    left.delete(param);
    return text;
  });
  const rest = [...left.values()];
  const args = byName.map((text) => text ?? rest.shift() ?? '0');
  return guarded(body, whomC, `${kfunc(unit, name)}(${[whomC.text, ...args].join(', ')});`);
}

/** Of a C prototype: `int f(struct task_struct *p, u32 prio)` has p and prio. */
const parameterNames = (signature: string): string[] =>
  (/\((.*)\)/.exec(signature)?.[1] ?? '')
    .split(',')
    .map((param) => /(\w+)\s*$/.exec(param)?.[1] ?? '')
    .filter((param) => param !== '' && param !== 'void');

function whom(body: Body, form: RequestForm, first: Expr | undefined): string[] {
  switch (form.whom) {
    case 'thread': {
      const { tid, tgid } = threadIds(body, required(first));
      return [tid, tgid];
    }
    case 'vm':
      return [exprText(body, required(first))];
    case 'nobody':
      return [];
  }
}

function argTexts(body: Body, action: Action, form: RequestForm): string[] {
  const values = form.whom === 'nobody' ? action.args : action.args.slice(1);
  return values.map((arg) => {
    if (arg.type.kind !== 'string') return exprText(body, arg);
    if (arg.kind !== 'const' || typeof arg.value !== 'string')
      throw new Error('events are named by constants');
    return eventName(body, arg.value);
  });
}

/** The enumerator of an event that `signal` names. */
function eventName(body: Body, text: string): string {
  const { events } = body.unit;
  const known = events.get(text);
  if (known !== undefined) return known;
  const plain = `PV_EVENT_${upper(text).replace(/\W+/g, '_')}`;
  const taken = [...events.values()].includes(plain);
  const name = taken ? `${plain}_${events.size}` : plain;
  events.set(text, name);
  return name;
}

/** Masks that are known at compile time travel as they are, others are copied from the kernel's. */
function pinLines(body: Body, name: string, thread: Expr, mask: Expr): Line[] {
  const line = (text: string): Line => ({ text, origin: body.line });
  const { tid, tgid } = threadIds(body, thread);
  const words = isMade(mask) ? maskWords(mask) : undefined;
  if (words !== undefined) {
    body.unit.usedMaskForms.add(name);
    return [line(`pv_${name}(${tid}, ${tgid}, ((u64[PV_MASK_WORDS]){ ${words.join(', ')} }));`)];
  }
  body.unit.features.add('pin-mask');
  if (!isMade(mask)) {
    const c = maskC(body, mask);
    return guarded(body, c, `pv_${name}_to(${tid}, ${tgid}, ${c.text});`);
  }
  const made = hoistMask(body, mask, 'mask');
  return [line(`pv_${name}_to(${tid}, ${tgid}, (const struct cpumask *)${made});`)];
}
