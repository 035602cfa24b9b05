import type { PolicyFile } from '../../../grammar/ast.ts';
import type { Target } from '../semantics/model.ts';
import type { CallRow, HookRow, Life } from './catalogue.ts';
import type { ImportedKernel } from './imported.ts';

/** A kernel that a policy can be held against. */
export interface Profile {
  readonly id: string;
  /** Version that decides what exists; of pvsched the one that the patches apply to. */
  readonly version: string;
  readonly mainline: boolean;
  /** What exists, where the profile was imported from a kernel's own BTF. */
  readonly imported?: ImportedKernel;
}

/** The kernels that one policy is held against, oldest first, and how messages name them together. */
export interface KernelSelection {
  readonly profiles: readonly Profile[];
  readonly label: string;
  /** What the workspace adds to those kernels. */
  readonly outOfTree?: OutOfTree;
}

/** Hooks and calls of an out-of-tree kernel, and the actions that the calls deliver. */
export interface OutOfTree {
  readonly hooks?: readonly HookRow[];
  readonly calls: readonly CallRow[];
  /** Action → name of the call that does it at once. */
  readonly delivers: Readonly<Record<string, string>>;
}

const MAINLINE = '6.12 6.13 6.14 6.15 6.16 6.17 6.18 6.19 7.0 7.1 7.2 7.3'.split(' ');

export const PROFILES: readonly Profile[] = [
  ...MAINLINE.map((version) => ({ id: version, version, mainline: true })),
  { id: 'pvsched-rfc-v2', version: '6.8', mainline: false },
];

/** Negative, zero or positive as version `a` is older than, equal to or newer than `b`; '6.12.4' counts as 6.12. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

export type Presence = 'yes' | 'no' | 'unknown';

/** Does the kernel have what `life` describes? 'unknown' has to be treated as if it had not. */
export function presence(life: Life, profile: Profile): Presence {
  if (life.only !== undefined) return life.only === profile.id ? 'yes' : 'no';
  if (life.until !== undefined) {
    const [until, uncertain] = [life.until.replace('?', ''), life.until.endsWith('?')];
    if (compareVersions(profile.version, until) > 0) return uncertain ? 'unknown' : 'no';
  }
  if (life.since === undefined || compareVersions(profile.version, life.since) >= 0) return 'yes';
  if (life.maybe !== undefined && compareVersions(profile.version, life.maybe) >= 0) return 'unknown';
  return 'no';
}

/** '6.12, 6.14 to 7.0': profiles of `among` in as few words as possible. */
export function nameVersions(some: readonly Profile[], among: readonly Profile[] = PROFILES): string {
  const wanted = new Set(some.map((profile) => profile.id));
  const runs: Profile[][] = [];
  let open = false;
  for (const profile of among) {
    if (!wanted.has(profile.id)) {
      open = false;
      continue;
    }
    const last = runs.at(-1);
    if (open && last?.at(-1)?.mainline === profile.mainline) last?.push(profile);
    else runs.push([profile]);
    open = true;
  }
  return runs.map((run) => (run.length === 1 ? run[0]?.id : `${run[0]?.id} to ${run.at(-1)?.id}`)).join(', ');
}

export function select(profiles: readonly Profile[]): KernelSelection {
  const [only] = profiles;
  return { profiles, label: only && profiles.length === 1 ? only.id : nameVersions(profiles) };
}

/** The kernels that a policy must be safe on; see `kernelsFor`. */
export function selectKernels(file: PolicyFile, profile?: string | Profile): SelectedKernels {
  const target = TARGETS.find((word) => word === file.header?.target.text);
  return kernelsFor(target, file.header?.requires?.version, profile);
}

const TARGETS: readonly Target[] = ['pvsched', 'tracing', 'sched_ext'];

export interface SelectedKernels extends KernelSelection {
  /** No supported kernel has what the policy requires; the newest stands in, so that names still mean something. */
  readonly unsupported: boolean;
}

/**
 * The kernel of `profile` where the user picked one, else every supported kernel that has the target, less those
 * older than `requires`.
 */
export function kernelsFor(
  target: Target | undefined,
  requires: string | undefined,
  profile?: string | Profile,
): SelectedKernels {
  if (typeof profile === 'object') return { ...select([profile]), unsupported: false };
  const picked = PROFILES.filter((candidate) => candidate.id === profile);
  if (picked.length > 0) return { ...select(picked), unsupported: false };
  const candidates = PROFILES.filter((candidate) => candidate.mainline === (target !== 'pvsched'));
  // Nobody has ported pvsched to a release yet; a version says nothing about it.
  const kept =
    requires === undefined || target === 'pvsched'
      ? candidates
      : candidates.filter((candidate) => compareVersions(candidate.version, requires) >= 0);
  return kept.length > 0
    ? { ...select(kept), unsupported: false }
    : { ...select(candidates.slice(-1)), unsupported: true };
}
