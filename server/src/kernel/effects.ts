import { callRow, type CallRow, type Effect } from './catalogue.ts';
import { compareVersions, type Profile } from './profiles.ts';

/** Which columns of the catalogue hold for a kernel. Between the versions that were read, both: the unsafe one wins. */
export function columns(profile: Profile): readonly ('6.12' | '7.3')[] {
  if (profile.version === '6.12') return ['6.12'];
  // The sources of 7.2 and 7.3 were read and agree; of 7.1 only parts.
  return compareVersions(profile.version, '7.2') >= 0 ? ['7.3'] : ['6.12', '7.3'];
}

/** What the call may do on that kernel. */
export function effectsAt(row: CallRow, profile: Profile): readonly Effect[] {
  const words =
    row.effects ??
    columns(profile).flatMap((column) => (column === '6.12' ? row.effects612 : row.effects73) ?? []);
  return [...new Set(words.map(effectOf).filter((effect) => effect !== undefined))];
}

/** Was the call read on that kernel, or does every version that was read agree? */
export const isRead = (row: CallRow, profile: Profile): boolean =>
  row.effects612 === undefined && row.effects73 === undefined ? true : columns(profile).length === 1;

/** Every effect there is. */
export const EFFECTS: readonly Effect[] = [
  'acquires_rq_lock',
  'acquires_pi_lock',
  'acquires_dsq_lock',
  'wakes_task_synchronously',
  'queues_work_synchronously',
  'starts_timer_synchronously',
  'may_sleep',
  'requires_irqs_enabled',
  'not_nmi_safe',
];

/** 'may_sleep (SCHED_DEADLINE / LSM only)' counts as the effect: no one tells which case a policy is. */
export const effectOf = (word: string): Effect | undefined =>
  EFFECTS.find((effect) => word === effect || word.startsWith(`${effect} (`));

/** What comes of a call that is made: nothing, nothing but the end of the scheduler for a wrong argument, or a change, also of one that nobody has read. */
export function consequenceOf(name: string): 'none' | 'end' | 'change' {
  const row = callRow(name);
  if (typeof row?.asks !== 'string') return 'change';
  return row.ends === true ? 'end' : 'none';
}

/** Tracepoints that the call triggers, without the remarks; `pelt_*_tp` stands for all that match. */
export const firedBy = (row: CallRow): readonly string[] =>
  (row.fires ?? []).map((word) => word.replace(/ .*$/, ''));
