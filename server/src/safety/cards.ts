import { callInfo, callInfoOfRow, callNames } from '../kernel/calls.ts';
import { OPS, callRow, type CallRow, type Effect, type HookRow } from '../kernel/catalogue.ts';
import { effectsAt } from '../kernel/effects.ts';
import { hookPresence, isForeignCall } from '../kernel/existence.ts';
import { foreignRow } from '../kernel/imported-view.ts';
import { nameVersions, type KernelSelection, type Profile } from '../kernel/profiles.ts';
import { availability, renamedCall, todaysRowName } from '../kernel/renames.ts';
import type { HookInfo } from '../semantics/kernel-view.ts';
import type { Target } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import {
  contextOfHook,
  contextOfRow,
  describeContext,
  showIrqs,
  titleOf,
  type HookContext,
} from './context.ts';
import { FOR_EVERYBODY, denial, sleeps } from './permission.ts';

/** What an effect is called where a hook forbids it. */
const FORBIDDEN: Readonly<Record<Effect, string>> = {
  acquires_rq_lock: "take a run queue's lock",
  acquires_pi_lock: "take a task's pi_lock",
  acquires_dsq_lock: "take a DSQ's lock",
  wakes_task_synchronously: 'wake a task',
  queues_work_synchronously: 'queue work',
  starts_timer_synchronously: 'arm a timer',
  may_sleep: 'sleep',
  requires_irqs_enabled: 'do what needs interrupts on',
  not_nmi_safe: 'do what is not safe in an NMI',
};

/** The context of a hook as markdown: locks, interrupts, what is forbidden there, and how that is known. */
export function hookCard(hook: HookInfo, target: Target | undefined, selection: KernelSelection): string {
  const context = contextOfHook(hook, target, selection);
  const params = hook.params.map(({ name, type }) => `${name}: ${show(type)}`).join(', ');
  const result = hook.result.kind === 'void' ? '' : ` -> ${show(hook.result)}`;
  const head =
    hook.params.length > 0 || hook.family === 'op' ? `${titleOf(hook)}(${params})${result}` : titleOf(hook);
  const facts = context === undefined ? [] : contextFacts(context, selection);
  return [code('pvpolicy', head), hook.doc, facts.map((fact) => `- ${fact}`).join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

function contextFacts(context: HookContext, selection: KernelSelection): readonly string[] {
  const { row, forbids } = context;
  const never = [...forbids].map((effect) => FORBIDDEN[effect]);
  const facts = [
    capital(describeContext(context)),
    ...(row === undefined ? [] : runningFacts(row)),
    never.length === 0 ? 'Nothing is forbidden here' : `Never here: ${never.join(', ')}`,
    ...(row === undefined ? [] : permissionFacts(context, row, selection)),
    ...(row === undefined ? [] : sourceFacts(row, selection)),
  ];
  return facts.filter((fact) => fact !== '');
}

function runningFacts(row: HookRow): readonly string[] {
  const vcpu = row.vcpuNote ? `${row.vcpu} (${row.vcpuNote})` : row.vcpu;
  return [
    `Runs in ${row.contexts.replaceAll(' ', ', ').replace('nmi', 'NMI')} context, preemption ${showIrqs(row.preempt)}`,
    `\`current\` is the vCPU thread: ${vcpu}`,
  ];
}

function permissionFacts(
  context: HookContext,
  row: HookRow,
  { profiles }: KernelSelection,
): readonly string[] {
  if (context.op === undefined) return [];
  const newest = profiles.at(-1);
  if (newest === undefined) return [];
  const special = callsOnlySomeOpsMay(context, newest);
  const may = sleeps(row, newest) ? 'The program may sleep' : '';
  return [may, special.length === 0 ? '' : `May call here, and not in every op: ${special.join(', ')}`];
}

/** Calls that this op may make and some other ops may not: what the op is there for. */
function callsOnlySomeOpsMay(context: HookContext, profile: Profile): readonly string[] {
  return callNames
    .filter((name) => {
      const found = availability(name, profile);
      if (found.kind !== 'row' || found.row.scx === undefined || callInfo(name)?.usable !== true)
        return false;
      const forAll = found.row.scx.groups?.some((group) => FOR_EVERYBODY.includes(group)) === true;
      return !forAll && denial(found.row, context, profile) === undefined;
    })
    .map((name) => `\`${name}\``);
}

function sourceFacts(row: HookRow, selection: KernelSelection): readonly string[] {
  const lacking = selection.profiles.filter((profile) => hookPresence(row, profile) !== 'yes');
  const where = row.sites
    .slice(0, 2)
    .map((site) => `\`${site}\``)
    .join(', ');
  return [
    lacking.length === 0 ? '' : `Not in kernel ${nameVersions(lacking, selection.profiles)}`,
    row.note === undefined ? '' : row.note,
    `Known by: ${row.confidence}; fires in ${where}`,
  ];
}

/** The contract of a kfunc or helper as markdown: where it is allowed, what it locks, how kernels call it. */
export function callCard(name: string, selection: KernelSelection): string {
  const row = rowOf(name, selection);
  if (row === undefined) return '';
  const info = callInfo(name) ?? callInfoOfRow(row);
  const unusable = info.usable === true ? '' : `A policy cannot call it: ${info.usable.reason}.`;
  const facts = [
    ...allowedFacts(row, selection),
    ...lockFacts(row, selection),
    ...nameFacts(name, selection),
    ...(row.doc === undefined || row.note === undefined ? [] : [row.note]),
    `Known by: ${knownBy(row)}; prototype from ${row.source}`,
  ];
  return [code('c', info.signature), unusable, info.doc, facts.map((fact) => `- ${fact}`).join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What is known of a call: by pvpolicy.json, by the catalogue, or by the kernel alone. */
function rowOf(name: string, { outOfTree, profiles }: KernelSelection): CallRow | undefined {
  const own = outOfTree?.calls.find((row) => row.name === name);
  if (own !== undefined) return own;
  const renamed = renamedCall(name);
  const known = callRow(renamed === undefined ? name : todaysRowName(renamed));
  if (known !== undefined) return known;
  const signature = profiles.find((profile) => isForeignCall(name, profile))?.imported?.kfuncs[name];
  return signature === undefined ? undefined : foreignRow(name, signature);
}

function allowedFacts(row: CallRow, { profiles }: KernelSelection): readonly string[] {
  const newest = profiles.at(-1);
  if (newest === undefined || row.scx === undefined) {
    const programs = row.progs?.includes('all') ? 'every program' : row.progs?.join(', ');
    return programs === undefined ? [] : [`Callable from: ${programs}`];
  }
  const allowed = OPS.filter((hook) => denial(row, inOp(hook), newest) === undefined).map(
    (hook) => hook.name,
  );
  const inOps =
    allowed.length === OPS.length ? 'every op' : allowed.length === 0 ? 'no op' : allowed.join(', ');
  const tracing = row.scx.tracing ? '; tracepoints as well' : '; not from tracepoints';
  return [`Callable from: ${inOps}${tracing}`];
}

const inOp = (hook: HookRow): HookContext => contextOfRow('', 'sched_ext', hook);

function lockFacts(row: CallRow, { profiles }: KernelSelection): readonly string[] {
  const effects = new Set(profiles.flatMap((profile) => effectsAt(row, profile)));
  const lines = [...effects].map((effect) => {
    const where = profiles.filter((profile) => effectsAt(row, profile).includes(effect));
    const on = where.length === profiles.length ? '' : ` (on ${nameVersions(where, profiles)})`;
    return `${effect.replaceAll('_', ' ')}${on}`;
  });
  return [
    row.acquires
      ? `Locks: ${row.acquires.join('; ')}`
      : row.unknown
        ? 'Locks: nobody has read which'
        : 'Locks: none',
    ...(lines.length === 0 ? [] : [`Effects: ${lines.join(', ')}`]),
    ...(row.defers ? [`Leaves the hook first by: ${row.defers}`] : []),
    ...(row.fires ? [`Fires: ${row.fires.join(', ')}`] : []),
    ...(row.requires ? [`Needs: ${row.requires.join(', ')}`] : []),
  ];
}

function nameFacts(name: string, selection: KernelSelection): readonly string[] {
  const { profiles } = selection;
  const lacking = profiles.filter((profile) =>
    ['absent', 'unknown'].includes(availability(name, profile).kind),
  );
  const renamed = renamedCall(name);
  const spelled = renamed?.spellings.map(({ kfunc, since }) => `\`${kfunc}\` from ${since}`).join(', ');
  return [
    // Of a call that is not in the catalogue the versions say nothing.
    ...(lacking.length === 0 || callInfo(name) === undefined
      ? []
      : [`Not in kernel ${nameVersions(lacking, profiles)}`]),
    ...(spelled === undefined ? [] : [`One call under several names: ${spelled}`]),
  ];
}

const knownBy = ({ confidence, file }: CallRow): string =>
  file === undefined ? confidence : `${confidence}, ${file}`;

const code = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
