import type { Related } from '../diagnostics/diagnostic.ts';
import type { CallRow } from '../kernel/catalogue.ts';
import { nameVersions, type KernelSelection, type Profile } from '../kernel/profiles.ts';
import { compareVersions } from '../kernel/profiles.ts';
import type { HandlerModel } from '../semantics/model.ts';
import { describeContext, type HookContext } from './context.ts';
import type { Step } from './reach.ts';

/** ' on 6.12 to 7.0', or '' where it is every kernel at hand. */
export function onKernels(some: readonly Profile[], selection: KernelSelection): string {
  return some.length === selection.profiles.length ? '' : ` on ${nameVersions(some, selection.profiles)}`;
}

/** The way from the hook to the call, as related places: hook, functions, and at last what the kernel does. */
export function chain(
  handler: HandlerModel,
  context: HookContext,
  steps: readonly Step[],
  inKernel: string | undefined,
): readonly Related[] {
  const { decl } = handler;
  const head = decl.kind === 'hook' ? decl.hook.span : decl.period.span;
  const site = context.site === '' ? '' : ` (${context.site})`;
  return [
    { message: `'${context.title}' ${describeContext(context)}${site}`, span: head },
    ...steps.map(({ fn, span }) => ({ message: `which calls ${fn.name.text}()`, span })),
    ...(inKernel === undefined ? [] : [{ message: inKernel }]),
  ];
}

/** What the call does inside the kernel, with the source of that knowledge. */
export function insideCall(row: CallRow): string {
  const takes = row.acquires ? `takes ${row.acquires.join('; ')}` : '';
  const fires = row.fires ? `fires ${row.fires.join(', ')}` : '';
  const does = [takes, fires].filter((part) => part !== '').join('; ') || 'does this inside the kernel';
  return `${row.name}() ${does} (${row.confidence})`;
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
  return { missing: parts.join(' and '), since: firstGood(lacking, selection) };
}

/** The oldest selected kernel from which on nothing is missing; undefined where the newest lacks it too. */
function firstGood(
  lacking: readonly { readonly profile: Profile }[],
  selection: KernelSelection,
): string | undefined {
  const bad = lacking.map(({ profile }) => profile.version);
  return selection.profiles
    .filter(
      (profile) => profile.mainline && bad.every((version) => compareVersions(version, profile.version) < 0),
    )
    .map((profile) => profile.version)[0];
}
