import { ARITHMETIC } from './helpers-arithmetic.ts';
import { COLLECTIONS } from './helpers-collections.ts';
import { KERNEL } from './helpers-kernel.ts';
import { MASKS } from './helpers-masks.ts';
import type { Helper } from './helper.ts';
import { isOld } from './old-kernels.ts';
import type { Unit } from './unit.ts';

const ALL = { ...ARITHMETIC, ...COLLECTIONS, ...KERNEL, ...MASKS };

export type HelperName = keyof typeof ALL;

/** Helpers in the order in which they are printed: each after those that it calls. */
export const HELPERS: Readonly<Record<HelperName, Helper>> = ALL;

const isHelper = (name: string): name is HelperName => name in ALL;

/** Names that policies' own names must not take. */
export const HELPER_NAMES: ReadonlySet<string> = new Set(Object.keys(ALL));

/** Kernels before 6.4 have no iterator: the verifier walks each round. */
export const PLAIN_FOR: Helper = {
  code: `/* x from 'from' up to, not including, 'to', at most 'max' times. Kernels before 6.4 have no iterator for it. */
#define pv_for(x, from, to, max)									\\
	for (u32 pv_n = 0; pv_n < (max) && ((x) = (from) + pv_n, (x) < (to)); pv_n++)`,
};

/** The helper as the kernels that the policy is for can have it. */
export const helperFor = (unit: Unit, name: HelperName): Helper =>
  name === 'pv_for' && isOld(unit) ? PLAIN_FOR : HELPERS[name];

/** The helpers of `wanted` with all that they call. */
export function closure(wanted: Iterable<HelperName>): ReadonlySet<HelperName> {
  const found = new Set<HelperName>();
  const add = (name: HelperName): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const used of HELPERS[name].helpers ?? []) {
      if (!isHelper(used)) throw new Error(`no helper ${used}`);
      add(used);
    }
  };
  for (const name of wanted) add(name);
  return found;
}
