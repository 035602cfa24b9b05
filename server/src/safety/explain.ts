import type { Related } from '../diagnostics/diagnostic.ts';
import type { CallRow } from '../kernel/catalogue.ts';
import { nameVersions, type KernelSelection, type Profile } from '../kernel/profiles.ts';
import { compareVersions } from '../kernel/profiles.ts';
import type { HandlerModel } from '../semantics/model.ts';
import { describeContext, type HookContext } from './context.ts';
import type { Step } from './reach.ts';

/**
 * ' on 6.12 to 7.0', or '' where it is every kernel at hand. Kernels of `unread` are those for which two versions
 * around them were read and differ: ' on 7.2 to 7.3 (and perhaps on 6.13 to 7.1)'.
 */
export function onKernels(
  some: readonly Profile[],
  selection: KernelSelection,
  unread: readonly Profile[] = [],
): string {
  const sure = some.filter((profile) => !unread.includes(profile));
  const name = (profiles: readonly Profile[]): string => nameVersions(profiles, selection.profiles);
  if (sure.length === selection.profiles.length) return '';
  if (unread.length === 0) return ` on ${name(sure)}`;
  return sure.length === 0
    ? ` (perhaps) on ${name(unread)}`
    : ` on ${name(sure)} (and perhaps on ${name(unread)})`;
}

/** The way from the hook to the call, as related places: hook, functions, and at last what the kernel does. */
export function chain(
  handler: HandlerModel,
  context: HookContext,
  step: Step | undefined,
  inKernel: string | undefined,
): readonly Related[] {
  const { decl } = handler;
  const head = decl.kind === 'hook' ? decl.hook.span : decl.period.span;
  const site = context.site === '' ? '' : ` (${context.site})`;
  return [
    { message: `'${context.title}' ${describeContext(context)}${site}`, span: head },
    ...stepsTo(step).map(({ fn, span }) => ({ message: `which calls ${fn.name.text}()`, span })),
    ...(inKernel === undefined ? [] : [{ message: inKernel }]),
  ];
}

function stepsTo(step: Step | undefined): readonly Step[] {
  const steps: Step[] = [];
  for (let one = step; one !== undefined; one = one.before) steps.unshift(one);
  return steps;
}

/** What the call does inside the kernel, and how that is known. */
export function insideCall(row: CallRow): string {
  const takes = row.acquires ? `takes ${row.acquires.join('; ')}` : '';
  const fires = row.fires ? `fires ${row.fires.join(', ')}` : '';
  const does = [takes, fires].filter((part) => part !== '').join('; ') || 'does so inside the kernel';
  return `inside the kernel, ${row.name}() ${does} (known by: ${row.confidence})`;
}

/** What a kernel lacks, in words, and the version to require; `sure`: known to be absent, not just unknown. */
export function missing(
  lacking: readonly { readonly profile: Profile; readonly sure: boolean }[],
  selection: KernelSelection,
): { readonly missing: string; readonly since: string | undefined } {
  const without = lacking.filter(({ sure }) => sure).map(({ profile }) => profile);
  const unsure = lacking.filter(({ sure }) => !sure).map(({ profile }) => profile);
  const parts = [
    ...(without.length > 0 ? [`does not exist in kernel ${nameVersions(without, selection.profiles)}`] : []),
    ...(unsure.length > 0
      ? [`is not known to exist in kernel ${nameVersions(unsure, selection.profiles)}`]
      : []),
  ];
  return {
    missing: parts.join(' and '),
    since: firstWithout(
      lacking.map(({ profile }) => profile),
      selection,
    ),
  };
}

/** The oldest selected kernel that is newer than all of `bad`; undefined where the newest is among them. */
export function firstWithout(bad: readonly Profile[], selection: KernelSelection): string | undefined {
  return selection.profiles.find(
    (profile) =>
      profile.mainline && bad.every(({ version }) => compareVersions(version, profile.version) < 0),
  )?.version;
}
