import type { Expr } from '../../../grammar/ast.ts';
import type { Diagnostic, Fix, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { OPS, callRow, type CallRow } from '../kernel/catalogue.ts';
import { isRead } from '../kernel/effects.ts';
import { nameVersions, type Profile } from '../kernel/profiles.ts';
import { todaysName } from '../kernel/renames.ts';
import { showIrqs, showLock, titleOf } from './context.ts';
import { chain, firstWithout, insideCall, missing, onKernels } from './explain.ts';
import { renameTo, requireKernel } from './fixes.ts';
import { moveOut, moveToOp } from './move.ts';
import { Owners } from './owners.ts';
import { denial } from './permission.ts';
import type { Place } from './place.ts';
import { judgeCall, type Verdict } from './verdict.ts';

/** A verdict with the kernels that it holds for. */
interface Judged {
  readonly profile: Profile;
  readonly verdict: Verdict;
}

/** Diagnostics of one call of a kfunc or helper; `shown` is what the policy writes instead, such as `kick`. */
export function checkCall(
  name: string,
  span: Span,
  place: Place,
  args: readonly (Expr | undefined)[] = [],
  shown = name,
): readonly Diagnostic[] {
  const { context, selection, own } = place;
  const groups = own.once(name, () =>
    byCode(
      selection.profiles.flatMap((profile) => {
        const verdict = judgeCall(name, context, profile, selection);
        return verdict === undefined ? [] : [{ profile, verdict }];
      }),
    ),
  );
  return groups.map((group) => report(shown, span, place, args, group));
}

function byCode(judged: readonly Judged[]): readonly (readonly Judged[])[] {
  const groups = new Map<string, Judged[]>();
  for (const one of judged) {
    const group = groups.get(one.verdict.code) ?? [];
    group.push(one);
    groups.set(one.verdict.code, group);
  }
  return [...groups.values()];
}

/** A name that the kernel no longer has is a warning with a fix; it means the same call. */
export function checkOldName(name: string, span: Span): readonly Diagnostic[] {
  const today = todaysName(name);
  return today === undefined
    ? []
    : [diagnostic('PV4018', span, { old: name, name: today }, { fixes: renameTo(span, today) })];
}

function report(
  name: string,
  span: Span,
  place: Place,
  args: readonly (Expr | undefined)[],
  group: readonly Judged[],
): Diagnostic {
  const { context, selection, handler, step } = place;
  const profiles = group.map(({ profile }) => profile);
  const unread = group.filter(isUnread).map(({ profile }) => profile);
  const where = { call: `${name}()`, hook: context.title, kernels: onKernels(profiles, selection, unread) };
  const verdict = group[0]?.verdict;
  if (verdict === undefined) throw new Error('a group of verdicts is never empty');
  const details = (fixes: readonly Fix[] = []) => ({
    related: chain(
      handler,
      context,
      step,
      'row' in verdict && !('denial' in verdict) ? insideCall(verdict.row) : undefined,
    ),
    fixes,
  });
  switch (verdict.code) {
    case 'PV4001':
    case 'PV4002': {
      const { lock, held, row } = verdict;
      const same = new Owners(place).isSame(held, lock, row, args);
      const facts = { ...where, lock, held: showLock(held), always: held.always, same };
      return diagnostic(verdict.code, span, facts, details(moveOut(span, row, place)));
    }
    case 'PV4003':
    case 'PV4007': {
      const { held } = verdict;
      return diagnostic(
        verdict.code,
        span,
        { ...where, held: showLock(held), always: held.always },
        details(moveOut(span, verdict.row, place)),
      );
    }
    case 'PV4004':
      return diagnostic(
        'PV4004',
        span,
        { ...where, irqs: context.row ? showIrqs(context.row.irqs) : 'on, but in a soft interrupt' },
        details(),
      );
    case 'PV4005':
    case 'PV4006':
    case 'PV4009':
      return diagnostic(verdict.code, span, where, details());
    case 'PV4008':
      return diagnostic(
        'PV4008',
        span,
        { ...where, event: verdict.event },
        details(moveOut(span, verdict.row, place)),
      );
    case 'PV4010':
      return diagnostic(
        'PV4010',
        span,
        { ...where, effect: refusal(group, place), where: allowedIn(verdict.row, place) },
        details(moveToOp(span, verdict.row, place)),
      );
    case 'PV4011':
      return diagnostic(
        'PV4011',
        span,
        { ...where, where: allowedIn(verdict.row, place) },
        details(moveToOp(span, verdict.row, place)),
      );
    case 'PV4012': {
      const lacking = group.map(({ profile, verdict: one }) => ({
        profile,
        sure: one.code === 'PV4012' && one.sure,
      }));
      const absent = missing(lacking, selection);
      return diagnostic(
        'PV4012',
        span,
        { call: where.call, ...absent },
        details(requireKernel(place.file, absent.since)),
      );
    }
    case 'PV4041':
      return diagnostic('PV4041', span, { call: where.call, name, kernel: selection.label }, details());
    case 'PV4021':
      return diagnostic(
        'PV4021',
        span,
        { ...where, field: verdict.field },
        details(requireKernel(place.file, firstWithout(profiles, selection))),
      );
  }
}

/** The verdict follows from the union of two versions of which only one may be like this kernel. */
const isUnread = ({ profile, verdict }: Judged): boolean =>
  'row' in verdict && !('denial' in verdict) && verdict.code !== 'PV4008' && !isRead(verdict.row, profile);

/** '6.12 to 7.0 abort the scheduler when the call is made, 7.1 to 7.3 refuse to load the program' */
function refusal(group: readonly Judged[], { selection }: Place): string {
  const of = (when: 'load' | 'run'): readonly Profile[] =>
    group
      .filter(({ verdict }) => verdict.code === 'PV4010' && verdict.denial.when === when)
      .map(({ profile }) => profile);
  const parts = [
    {
      profiles: of('run'),
      one: 'aborts the scheduler when the call is made',
      many: 'abort the scheduler when the call is made',
    },
    { profiles: of('load'), one: 'refuses to load the program', many: 'refuse to load the program' },
  ];
  return parts
    .filter(({ profiles }) => profiles.length > 0)
    .map(
      ({ profiles, one, many }) =>
        `${nameVersions(profiles, selection.profiles)} ${profiles.length === 1 ? one : many}`,
    )
    .join(', ');
}

/** At most this many hooks are listed where a call is allowed. */
const LISTED = 3;

/** Named first, being where such calls are made most. */
const COMMON = ['init', 'enqueue', 'dispatch', 'select_cpu'];

const rank = (op: string): number => (COMMON.includes(op) ? COMMON.indexOf(op) : COMMON.length);

/** Where the newest kernel at hand lets the call be made, in words. */
function allowedIn(row: CallRow, { selection, context }: Place): string {
  const newest = selection.profiles.at(-1);
  const spelled = callRow(row.name);
  if (newest === undefined || spelled?.scx === undefined) return '';
  const ops = OPS.filter(
    (hook) => denial(row, { ...context, kind: 'scx', op: hook.name, row: hook }, newest) === undefined,
  )
    .toSorted((a, b) => rank(a.name) - rank(b.name))
    .map((hook) => `'${titleOf({ family: 'op', name: hook.name, system: '' })}'`);
  if (ops.length <= LISTED) return ops.join(', ');
  return `${ops.slice(0, LISTED).join(', ')} and others`;
}
