import { describe, TABLE, type Code } from '../diagnostics/table.ts';
import { compare, grouped, type Cell, type Comparison, type Group, type Matrix } from '../safety/matrix.ts';
import { table, type Paint, type Terminal } from './terminal.ts';

/** The matrix for a terminal: a line for each kind of call, a column for each kind of hook, and who they are. */
export function matrixText(matrix: Matrix, paint: Paint): string {
  const { hooks, calls } = grouped(matrix);
  const columns = [
    { title: 'calls' },
    ...hooks.map((_, i) => ({ title: letter(i), align: 'right' as const })),
  ];
  const rows = calls.map((group) => [shortName(group), ...group.cells.map((cell) => cellText(cell, paint))]);
  return [
    `${paint('bold', `Linux ${matrix.profile.id}`)}: may a hook make a call?\n\n`,
    table(columns, rows, paint),
    `\n${legend(calls, paint)}`,
    `\n${paint('bold', 'Hooks')}\n${listing(hooks, paint, letter)}`,
    `\n${paint('bold', 'Calls')} of a line above\n${listing(
      calls.filter(({ names }) => names.length > 1),
      paint,
      (_, group) => shortName(group),
    )}`,
  ].join('');
}

const letter = (index: number): string =>
  index < 26 ? String.fromCharCode(65 + index) : `${letter(Math.floor(index / 26) - 1)}${letter(index % 26)}`;

const shortName = ({ names }: Group): string =>
  names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? '');

/** '+', 'd01': deferred only, since PV4001; 'x10': never, since PV4010. */
function cellText({ permission, why }: Cell, paint: Paint): string {
  switch (permission) {
    case 'allowed':
      return paint('green', '+');
    case 'deferred':
      return paint('yellow', `d${why?.slice(-2)}`);
    case 'never':
      return paint('red', `x${why?.slice(-2)}`);
  }
}

function legend(groups: readonly Group[], paint: Paint): string {
  const cells = groups.flatMap(({ cells }) => cells);
  const codes = [...new Set(cells.flatMap(({ why }) => why ?? []))].toSorted();
  const rows = codes.map((code) => [code.slice(-2), code, titleOf(code)]);
  return [
    `${paint('green', '+')} allowed   ${paint('yellow', 'd')} deferred only: later, where no lock is held   `,
    `${paint('red', 'x')} never\n`,
    table([{ title: '' }, { title: '' }, { title: '' }], rows, paint),
  ].join('');
}

const titleOf = (code: string): string => (code in TABLE ? describe(code as Code).title : '');

function listing(
  groups: readonly Group[],
  paint: Paint,
  nameOf: (index: number, group: Group) => string,
): string {
  return groups
    .map((group, i) => `${wrapped(`${paint('bold', nameOf(i, group))}  `, group.names)}\n`)
    .join('');
}

const WIDTH = 110;

/** Words after a head, in lines of at most 110 columns, those after the first indented by four. */
function wrapped(head: string, words: readonly string[]): string {
  const lines: string[] = [];
  let line = head;
  words.forEach((word, i) => {
    const text = i < words.length - 1 ? `${word}, ` : word;
    if (line.length + text.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = '    ';
    }
    line += text;
  });
  return [...lines, line.trimEnd()].join('\n');
}

/** The matrix as data: every hook with every call that it may not simply make. */
export const matrixJson = ({ profile, hooks, calls, cells }: Matrix): object => ({
  version: 1,
  profile: profile.id,
  calls,
  hooks: hooks.map((hook, i) => ({
    hook,
    calls: calls.map((call, j) => ({ call, ...(cells[i]?.[j] ?? { permission: 'allowed' }) })),
  })),
});

/** Prints what changed from one kernel to another. */
export function showChanges(older: Matrix, newer: Matrix, terminal: Terminal, json: boolean): void {
  const changes = compare(older, newer);
  if (json) {
    const document = { version: 1, from: older.profile.id, to: newer.profile.id, ...changes };
    terminal.out(`${JSON.stringify(document)}\n`);
    return;
  }
  terminal.out(changesText(older, newer, changes, terminal.paint));
}

function changesText(older: Matrix, newer: Matrix, changes: Comparison, paint: Paint): string {
  const lists = [
    ['hooks that it adds', changes.hooks.added],
    ['hooks that it lacks', changes.hooks.removed],
    ['calls that it adds', changes.calls.added],
    ['calls that it lacks', changes.calls.removed],
  ] as const;
  const parts = lists
    .filter(([, names]) => names.length > 0)
    .map(([title, names]) => `\n${paint('bold', `${names.length} ${title}`)}\n${wrapped('    ', names)}\n`);
  const cells = changes.cells.map(({ call, from, to, hooks }) =>
    [
      `${paint('bold', call)}: ${words(from, paint)} → ${words(to, paint)}`,
      `${wrapped('    ', hooks.length > MOST ? [...hooks.slice(0, MOST), `${hooks.length - MOST} more`] : hooks)}\n`,
    ].join('\n'),
  );
  return [
    `From ${older.profile.id} to ${newer.profile.id}\n`,
    ...parts,
    cells.length === 0 ? '' : `\n${paint('bold', 'Calls that hooks of both may make otherwise')}\n`,
    ...cells,
  ].join('');
}

/** Hooks that are listed of one change; --json has all. */
const MOST = 6;

function words(cell: Cell, paint: Paint): string {
  switch (cell.permission) {
    case 'allowed':
      return paint('green', 'allowed');
    case 'deferred':
      return `${paint('yellow', 'deferred only')} (${cell.why} ${titleOf(cell.why ?? '')})`;
    case 'never':
      return `${paint('red', 'never')} (${cell.why} ${titleOf(cell.why ?? '')})`;
  }
}
