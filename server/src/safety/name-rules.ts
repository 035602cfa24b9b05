import type { Expr } from '../../../grammar/ast.ts';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { CONSTANTS, STRUCTS } from '../kernel/catalogue.ts';
import { constantPresence, fieldPresence } from '../kernel/existence.ts';
import { compareVersions, nameVersions, type Presence, type Profile } from '../kernel/profiles.ts';
import { missing } from './explain.ts';
import { renameTo, requireKernel } from './fixes.ts';
import type { Place } from './place.ts';
import type { Use } from './uses.ts';

const constants = new Map(CONSTANTS.map((row) => [row.name, row]));

/** From here on a CPU waits in a balance callback, so that circles of waiting CPUs come to an end. */
const WAIT_IS_SAFE_SINCE = '7.1';

/** Diagnostics of a kernel constant or of a field of a kernel struct that some kernels lack. */
export function checkName(
  use: Use & { readonly kind: 'constant' | 'field' },
  place: Place,
): readonly Diagnostic[] {
  if (use.kind === 'constant') return [...checkConstant(use.name, use.span, place), ...checkWait(use, place)];
  const row = STRUCTS[use.struct]?.find(({ name }) => name === use.field);
  if (row === undefined) return [];
  const name = `${use.struct}.${use.field}`;
  return checkPresence(name, (profile) => fieldPresence(use.struct, row, profile), use.span, place);
}

function checkConstant(name: string, span: Span, place: Place): readonly Diagnostic[] {
  const row = constants.get(name);
  return row === undefined
    ? []
    : checkPresence(name, (profile) => constantPresence(row, profile), span, place);
}

function checkPresence(
  name: string,
  has: (profile: Profile) => Presence,
  span: Span,
  place: Place,
): readonly Diagnostic[] {
  const { selection, file, cache } = place;
  const absent = cache.once(name, () => {
    const lacking = selection.profiles
      .map((profile) => ({ profile, found: has(profile) }))
      .filter(({ found }) => found !== 'yes')
      .map(({ profile, found }) => ({ profile, sure: found === 'no' }));
    return lacking.length === 0 ? undefined : missing(lacking, selection);
  });
  if (absent === undefined) return [];
  return [diagnostic('PV4025', span, { name, ...absent }, { fixes: requireKernel(file, absent.since) })];
}

function checkWait(
  use: Use & { readonly kind: 'constant' },
  { selection, file }: Place,
): readonly Diagnostic[] {
  if (use.name !== 'SCX_KICK_WAIT') return [];
  const old = selection.profiles.filter(({ version }) => compareVersions(version, WAIT_IS_SAFE_SINCE) < 0);
  if (old.length === 0) return [];
  const kernels =
    old.length === selection.profiles.length ? '' : ` on ${nameVersions(old, selection.profiles)}`;
  return [diagnostic('PV4023', use.span, { kernels }, { fixes: requireKernel(file, WAIT_IS_SAFE_SINCE) })];
}

/** Flags that an idle CPU has no use for (scx_bpf_kick_cpu() aborts the scheduler). */
const NOT_WITH_IDLE = ['SCX_KICK_PREEMPT', 'SCX_KICK_WAIT'];

/** Diagnostics of the flags of a kick. */
export function checkKickFlags(name: string, args: readonly (Expr | undefined)[]): readonly Diagnostic[] {
  const [, flags] = args;
  if (name !== 'scx_bpf_kick_cpu' || flags === undefined) return [];
  const names = orOperands(flags).flatMap((expr) => (expr.kind === 'name' ? [expr.name.text] : []));
  const other = NOT_WITH_IDLE.find((flag) => names.includes(flag));
  if (other === undefined || !names.includes('SCX_KICK_IDLE')) return [];
  // Of two flags the one is left; of more, nobody knows what the others are for.
  const fixes = names.length === 2 ? renameTo(flags.span, other) : [];
  return [diagnostic('PV4027', flags.span, { other }, { fixes })];
}

function orOperands(expr: Expr): readonly Expr[] {
  if (expr.kind === 'paren') return orOperands(expr.inner);
  if (expr.kind !== 'binary' || expr.op !== '|') return [expr];
  return [...orOperands(expr.left), ...orOperands(expr.right)];
}
