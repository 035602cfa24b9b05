import { finish, type InParts } from '../../../grammar/in-parts.ts';
import { callInfo, callNames } from '../kernel/calls.ts';
import { HOOKS, type HookRow } from '../kernel/catalogue.ts';
import { hookPresence } from '../kernel/existence.ts';
import { select, type Profile } from '../kernel/profiles.ts';
import { availability } from '../kernel/renames.ts';
import { contextOfRow, titleOf } from './context.ts';
import { judgeCall } from './verdict.ts';

/**
 * What a hook may do with a call: make it; have it done later, where no lock is held; or not at all, since the kernel
 * refuses it.
 */
export type Permission = 'allowed' | 'deferred' | 'never';

export interface Cell {
  readonly permission: Permission;
  /** The diagnostic that says why not. */
  readonly why?: string;
}

/** Every hook of one kernel with every call of it. */
export interface Matrix {
  readonly profile: Profile;
  readonly hooks: readonly string[];
  readonly calls: readonly string[];
  /** By hook, then by call. */
  readonly cells: readonly (readonly Cell[])[];
}

/** The matrix of a kernel; with `usableOnly` of calls that a policy may write. */
export const matrixOf = (profile: Profile, usableOnly = false): Matrix =>
  finish(matrixInParts(profile, usableOnly));

/** The same, hook by hook. */
export function* matrixInParts(profile: Profile, usableOnly: boolean): InParts<Matrix> {
  const selection = select([profile]);
  const rows = HOOKS.filter((row) => hookPresence(row, profile) === 'yes');
  const calls = callNames.filter((name) => {
    const { kind } = availability(name, profile);
    return (kind === 'row' || kind === 'fallback') && (!usableOnly || callInfo(name)?.usable === true);
  });
  const cells: (readonly Cell[])[] = [];
  for (const row of rows) {
    const target = TARGET[row.family];
    const context = contextOfRow(titleOf({ ...row, system: row.system ?? '' }), target, row);
    const ofRow = calls.map((name): Cell => {
      const verdict = judgeCall(name, context, profile, selection);
      if (verdict === undefined) return ALLOWED;
      return { permission: REFUSED.has(verdict.code) ? 'never' : 'deferred', why: verdict.code };
    });
    cells.push(ofRow);
    yield;
  }
  return { profile, hooks: rows.map(nameOf), calls, cells };
}

const TARGET = { tracepoint: 'tracing', op: 'sched_ext', pvsched: 'pvsched' } as const;

const ALLOWED: Cell = { permission: 'allowed' };

/** What the kernel itself refuses, or could not be put off; all else it lets pass and dies of. */
const REFUSED: ReadonlySet<string> = new Set(['PV4008', 'PV4010', 'PV4011', 'PV4012', 'PV4021', 'PV4041']);

/** 'sched:sched_switch', 'op enqueue': short enough for a list. */
export const nameOf = ({ family, system, name }: HookRow): string =>
  family === 'tracepoint' ? `${system === undefined ? '' : `${system}:`}${name}` : `${family} ${name}`;

/** Items whose cells are all alike. */
export interface Group {
  readonly names: readonly string[];
  readonly cells: readonly Cell[];
}

/** The matrix with hooks of one kind put together, and calls of one kind; both in their first order. */
export function grouped(matrix: Matrix): {
  readonly hooks: readonly Group[];
  readonly calls: readonly Group[];
} {
  const hooks = byCells(matrix.hooks, (hook) => matrix.cells[hook] ?? []);
  const calls = byCells(matrix.calls, (call) => hooks.map((group) => group.cells[call] ?? ALLOWED));
  return { hooks, calls };
}

function byCells(names: readonly string[], cellsOf: (index: number) => readonly Cell[]): readonly Group[] {
  const groups = new Map<string, { names: string[]; cells: readonly Cell[] }>();
  names.forEach((name, index) => {
    const cells = cellsOf(index);
    const key = cells.map(({ permission, why }) => `${permission}${why ?? ''}`).join(' ');
    const group = groups.get(key) ?? { names: [], cells };
    group.names.push(name);
    groups.set(key, group);
  });
  return [...groups.values()];
}

/** What differs between two kernels. */
export interface Comparison {
  readonly hooks: Change;
  readonly calls: Change;
  /** Of what both have: a call that hooks may make on one and not on the other, or for another reason. */
  readonly cells: readonly CellChange[];
}

interface Change {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface CellChange {
  readonly call: string;
  readonly from: Cell;
  readonly to: Cell;
  readonly hooks: readonly string[];
}

/** What changed from `older` to `newer`. */
export function compare(older: Matrix, newer: Matrix): Comparison {
  return {
    hooks: change(older.hooks, newer.hooks),
    calls: change(older.calls, newer.calls),
    cells: older.calls.flatMap((call) => cellChanges(call, older, newer)),
  };
}

const change = (older: readonly string[], newer: readonly string[]): Change => ({
  added: newer.filter((name) => !older.includes(name)),
  removed: older.filter((name) => !newer.includes(name)),
});

function cellChanges(call: string, older: Matrix, newer: Matrix): readonly CellChange[] {
  const found = new Map<string, { call: string; from: Cell; to: Cell; hooks: string[] }>();
  const [before, after] = [older.calls.indexOf(call), newer.calls.indexOf(call)];
  if (after < 0) return [];
  older.hooks.forEach((hook, index) => {
    const from = older.cells[index]?.[before];
    const to = newer.cells[newer.hooks.indexOf(hook)]?.[after];
    if (from === undefined || to === undefined) return;
    if (from.permission === to.permission && from.why === to.why) return;
    const key = `${from.permission} ${from.why} ${to.permission} ${to.why}`;
    const one = found.get(key) ?? { call, from, to, hooks: [] };
    one.hooks.push(hook);
    found.set(key, one);
  });
  return [...found.values()];
}
