import { ARITHMETIC } from './helpers-arithmetic.ts';
import { COLLECTIONS } from './helpers-collections.ts';
import { KERNEL } from './helpers-kernel.ts';
import type { Helper } from './helper.ts';

const ALL = { ...ARITHMETIC, ...COLLECTIONS, ...KERNEL };

export type HelperName = keyof typeof ALL;

/** Helpers in the order in which they are printed: each after those that it calls. */
export const HELPERS: Readonly<Record<HelperName, Helper>> = ALL;

const isHelper = (name: string): name is HelperName => name in ALL;

/** Names that policies' own names must not take. */
export const HELPER_NAMES: ReadonlySet<string> = new Set(Object.keys(ALL));

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
