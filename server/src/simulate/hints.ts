import type { Value } from '../emit/executor/host.ts';

/** What a scenario assumes of the page that the guests of one VM write. */
export interface Assumption {
  readonly field: string;
  readonly value: Value;
  /** Thread ids of the VM's vCPUs. */
  readonly vcpus: ReadonlySet<number>;
  readonly when:
    { readonly kind: 'always' } | { readonly kind: 'after'; readonly hook: string; readonly for: number };
}

/** An assumption with, for each vCPU, the time until which it holds. */
interface Running {
  readonly assumption: Assumption;
  readonly until: Map<number, number>;
}

/** What the guests' pages hold under the assumptions of a scenario; zero elsewhere. */
export interface Hints {
  readonly running: readonly Running[];
}

export const newHints = (assumptions: readonly Assumption[]): Hints => ({
  running: assumptions.map((assumption) => ({ assumption, until: new Map() })),
});

/** Value of `field` on the page of `vcpu` at `t`; undefined: nothing assumed. The last assumption that holds wins. */
export function hintAt(hints: Hints, field: string, vcpu: number, t: number): Value {
  let value: Value = undefined;
  for (const { assumption, until } of hints.running) {
    if (assumption.field !== field || !assumption.vcpus.has(vcpu)) continue;
    if (assumption.when.kind === 'always' || t < (until.get(vcpu) ?? -1)) ({ value } = assumption);
  }
  return value;
}

/** Starts (again) what is assumed after `hook` fired for `vcpu` at `t`. */
export function startHints(hints: Hints, hook: string, vcpu: number, t: number): void {
  for (const { assumption, until } of hints.running) {
    const { when } = assumption;
    if (when.kind === 'after' && when.hook === hook && assumption.vcpus.has(vcpu))
      until.set(vcpu, t + when.for);
  }
}
