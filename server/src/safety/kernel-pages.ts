import { CALLS, HOOKS, OPS, type CallRow, type HookRow, type Life } from '../kernel/catalogue.ts';
import { effectOf } from '../kernel/effects.ts';
import { nameVersions, presence, PROFILES } from '../kernel/profiles.ts';
import { renamedCall } from '../kernel/renames.ts';
import { contextOfRow, showIrqs } from './context.ts';
import { nameOf } from './matrix.ts';
import { denial } from './permission.ts';

/** A generated page of docs/kernel. */
export interface Page {
  readonly name: string;
  readonly text: string;
}

/** The catalogue as pages: hooks by subsystem, calls by group. */
export const kernelPages = (): readonly Page[] => [
  { name: 'hooks.md', text: hooksPage() },
  { name: 'calls.md', text: callsPage() },
];

const GENERATED =
  '<!-- Made from server/src/kernel/data: UPDATE=1 npx vitest run test/safety/kernel-pages.test.ts -->';

function hooksPage(): string {
  const groups = grouped(HOOKS, (row) => (row.family === 'tracepoint' ? (row.system ?? '') : row.family));
  return [
    '# Hooks\n',
    GENERATED,
    '\nWhere a policy can run, and what the kernel holds there. *May hold* is held at some of the places that call the',
    'program, *any* stands for whatever the caller holds. *Never* is what must not happen in the hook: `rq`, `pi`, `dsq`',
    'take that lock, `wake` wakes a task, `work` queues work, `timer` arms a timer, `irqs` needs interrupts on. A program on',
    'a tracepoint never sleeps. `pvpolicy kernel show --hook HOOK` has the whole entry, `--matrix` which calls may be made.\n',
    ...[...groups].flatMap(([name, rows]) => [
      `## ${TITLES[name] ?? `Tracepoints of \`${name}\``}\n`,
      '| hook | kernels | holds | may hold | irqs | runs in | `current` is the vCPU | never | source |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...rows.map(hookLine),
      '',
    ]),
  ].join('\n');
}

const TITLES: Readonly<Record<string, string>> = {
  op: 'Ops of sched_ext',
  pvsched: 'Events of the paravirt scheduling patch set',
};

function grouped<T>(rows: readonly T[], keyOf: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row)) ?? [];
    group.push(row);
    groups.set(keyOf(row), group);
  }
  return groups;
}

const hookLine = (row: HookRow): string =>
  line([
    `\`${nameOf(row)}\``,
    kernels(row),
    locks(row.locks),
    locks(row.mayHold),
    showIrqs(row.irqs),
    row.contexts.replaceAll(' ', ', '),
    row.vcpu,
    [...contextOfRow('', undefined, row).forbids]
      .filter((effect) => effect !== 'may_sleep' || row.family !== 'tracepoint')
      .map((effect) => WORDS[effect])
      .join(', '),
    `${(row.sites[0] ?? '').replace(/ (<-|\().*$/, '')} (${row.confidence})`,
  ]);

const WORDS: Readonly<Record<string, string>> = {
  acquires_rq_lock: 'rq',
  acquires_pi_lock: 'pi',
  acquires_dsq_lock: 'dsq',
  wakes_task_synchronously: 'wake',
  queues_work_synchronously: 'work',
  starts_timer_synchronously: 'timer',
  may_sleep: 'sleep',
  requires_irqs_enabled: 'irqs',
  not_nmi_safe: 'NMI',
};

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|') || '–').join(' | ')} |`;

const locks = (names: readonly string[] | undefined): string =>
  (names ?? [])
    .map((name) => (/\bany\b/.test(name) && !/rq\(/.test(name) ? 'any' : `\`${name}\``))
    .join(', ');

/** The profiles that are known to have a row. */
function kernels(row: Life): string {
  const having = PROFILES.filter((profile) => presence(row, profile) === 'yes');
  return having.length === PROFILES.length ? 'all' : nameVersions(having);
}

function callsPage(): string {
  const groups = grouped(
    CALLS.filter((row) => row.class !== 'internal'),
    groupOf,
  );
  return [
    '# Calls\n',
    GENERATED,
    '\nkfuncs and helpers, what they may do to the scheduler, and who may call them. Where kernels differ, the effects of',
    '6.12 and of 7.3 are told apart; versions between them count as having both. `pvpolicy kernel show --kfunc NAME` has the',
    'whole entry, with the prototype. Up to 7.0 `kernel/sched/ext/` was one file, `kernel/sched/ext.c`.\n',
    ...[...groups]
      .toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
      .flatMap(([name, rows]) => [
        `## ${name}\n`,
        '| call | kernels | callable from | effects | known by |',
        '| --- | --- | --- | --- | --- |',
        ...rows.map(callLine),
        '',
      ]),
  ].join('\n');
}

const ORDER = ['sched_ext', 'Cpumasks', 'Tasks and cgroups', 'Other kfuncs', 'Helpers'];

function groupOf({ class: kind, name }: CallRow): string {
  if (kind === 'helper') return 'Helpers';
  if (/^_*scx_bpf_/.test(name)) return 'sched_ext';
  if (name.startsWith('bpf_cpumask_')) return 'Cpumasks';
  return /^bpf_(task|cgroup|send_signal)/.test(name) ? 'Tasks and cgroups' : 'Other kfuncs';
}

function callLine(row: CallRow): string {
  const today = renamedCall(row.name)?.name;
  return line([
    `\`${row.name}\`${today === undefined || today === row.name ? '' : ` (today \`${today}\`)`}`,
    kernels(row),
    callers(row),
    effects(row),
    `${row.file} (${row.confidence})`,
  ]);
}

/** More ops than this are only counted. */
const MOST_OPS = 6;

/** Who may call it on the newest kernel that has it. */
function callers(row: CallRow): string {
  const { scx, progs, class: kind } = row;
  if (scx === undefined) {
    if (kind === 'helper' || progs === undefined || progs.includes('all')) return 'every program';
    return progs.join(', ').toLowerCase();
  }
  const newest = PROFILES.findLast((profile) => presence(row, profile) === 'yes');
  const may = (hook: HookRow): boolean =>
    newest !== undefined && denial(row, contextOfRow('', 'sched_ext', hook), newest) === undefined;
  const [ops, tracepoints] = [
    OPS.filter(may),
    HOOKS.filter((hook) => hook.family === 'tracepoint' && may(hook)),
  ];
  const named = ops.map((hook) => hook.name).join(', ');
  const inOps = ops.length === OPS.length ? 'every op' : ops.length > MOST_OPS ? `${ops.length} ops` : named;
  return [inOps, tracepoints.length > 0 ? 'tracepoints' : '', scx.syscall ? 'the loader' : '']
    .filter((part) => part !== '')
    .join(', ');
}

function effects(row: CallRow): string {
  if (row.unknown) return 'not read';
  const words = (list: readonly string[] | undefined): string =>
    [...new Set((list ?? []).flatMap((word) => WORDS[effectOf(word) ?? ''] ?? []))].join(', ') || 'none';
  if (row.effects612 === undefined && row.effects73 === undefined) return words(row.effects);
  const [old, now] = [words(row.effects612), words(row.effects73)];
  return old === now ? now : `6.12: ${old}; 7.3: ${now}`;
}
