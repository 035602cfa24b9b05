import { CALLS, CONSTANTS, HOOKS, STRUCTS } from './catalogue.ts';
import { callPresence, constantPresence, fieldPresence, hookPresence } from './existence.ts';
import type { ImportedKernel } from './imported.ts';
import { compareVersions, presence, PROFILES, type Profile } from './profiles.ts';

type Found = Omit<ImportedKernel, 'kernel' | 'decided'>;
type Decision = Pick<ImportedKernel, 'kernel' | 'decided'>;

/**
 * The supported version whose lock facts are used for an imported kernel: the one that was given; else that of its
 * release, where it is supported and nothing else fits better; else the one whose rows of the catalogue fit what the
 * kernel has. Of versions that fit as well the oldest: it is held to more.
 */
export function inferVersion(found: Found, given: string | undefined): Decision {
  if (given !== undefined) return { kernel: given, decided: 'given' };
  const scores = fits(found);
  const best = Math.max(...scores.map(({ score }) => score));
  const release = /^(?:linux-)?(\d+\.\d+)/i.exec(found.name)?.[1];
  const named = scores.find(({ profile }) => profile.version === release);
  if (named && named.score === best) return { kernel: named.profile.version, decided: 'release' };
  const kernel = scores.find(({ score }) => score === best)?.profile.version ?? '6.12';
  return { kernel, decided: 'inferred' };
}

/** How many rows that come or go between versions are as each version has them. */
function fits(found: Found): readonly { readonly profile: Profile; readonly score: number }[] {
  const own: Profile = {
    id: found.name,
    version: '0.0',
    mainline: true,
    imported: { ...found, kernel: '0.0', decided: 'inferred' },
  };
  const scx = Object.hasOwn(found.ops, 'sched_ext_ops');
  const dated = [
    ...HOOKS.filter((row) => row.module === undefined && (scx || row.family !== 'op')).map(
      (row) => [row, hookPresence(row, own)] as const,
    ),
    // BTF says nothing of internal functions.
    ...CALLS.filter((row) => row.class !== 'internal' && (scx || row.scx === undefined)).map(
      (row) => [row, callPresence(row, own)] as const,
    ),
    ...(scx ? CONSTANTS.filter((row) => row.enum !== undefined) : []).map(
      (row) => [row, constantPresence(row, own)] as const,
    ),
    ...Object.entries(STRUCTS).flatMap(([struct, rows]) =>
      rows
        .filter((row) => row.config === undefined && Object.hasOwn(found.structs, struct))
        .map((row) => [row, fieldPresence(struct, row, own)] as const),
    ),
  ].filter(([row]) => row.only === undefined && (row.since !== undefined || row.until !== undefined));
  return PROFILES.filter(({ mainline }) => mainline)
    .toSorted((a, b) => compareVersions(a.version, b.version))
    .map((profile) => ({
      profile,
      score: dated.filter(([row, has]) => presence(row, profile) === has).length,
    }));
}
