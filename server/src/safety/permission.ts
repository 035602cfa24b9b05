import { hookRow, type CallRow, type HookRow, type ScxRow } from '../kernel/catalogue.ts';
import { heldLocks } from '../kernel/locks.ts';
import { compareVersions, type Profile } from '../kernel/profiles.ts';
import type { HookContext } from './context.ts';

/** Why a kernel does not let a program make a call. */
export interface Denial {
  /** 'sleepable': only a sleepable program may, and this one is not. */
  readonly kind: 'program' | 'op' | 'sleepable';
  /** 'load': the program is refused. 'run': it loads, and the scheduler is aborted when it makes the call. */
  readonly when: 'load' | 'run';
}

/** From here on the verifier filters sched_ext calls by op; before, a mask is tested when the call is made. */
const FILTERED_SINCE = '7.1';

/** May the program of `context` make the call on that kernel? Undefined: yes. */
export function denial(row: CallRow, context: HookContext, profile: Profile): Denial | undefined {
  if (row.scx === undefined) return denialOfProgram(row, context);
  const { scx } = row;
  const { op } = context;
  if (op === undefined) {
    return everyTable(scx, profile, (table) => outsideOfOps(scx, table, context))
      ? undefined
      : { kind: 'program', when: 'load' };
  }
  const hook = hookRow('op', op);
  if (hook === undefined) return { kind: 'op', when: 'load' };
  const sleepable = context.kind === 'scx' && sleeps(hook, profile);
  // Numbers of CPUs mean nothing in the other form: scx_kfunc_context_filter refuses them.
  if (hook.form === 'cid' && row.sets?.includes('scx_kfunc_ids_cpu_only'))
    return { kind: 'op', when: 'load' };
  if (scx.sleepable && !sleepable) return { kind: 'sleepable', when: 'load' };
  if (everyTable(scx, profile, (table) => insideOp(scx, table, hook))) return undefined;
  return { kind: 'op', when: compareVersions(profile.version, FILTERED_SINCE) >= 0 ? 'load' : 'run' };
}

/** May a sleepable program attach to the hook on that kernel? */
export const sleeps = (hook: HookRow, profile: Profile): boolean =>
  hook.sleeps !== undefined && compareVersions(profile.version, hook.sleeps) >= 0;

type Table = '6.12' | '7.3';

/** Between the versions that were read, a call is allowed where both tables allow it. */
function everyTable(scx: ScxRow, profile: Profile, allows: (table: Table) => boolean): boolean {
  if (scx.groups === undefined) return allows('6.12');
  if (scx.ops612 === undefined || compareVersions(profile.version, scx.newSince ?? FILTERED_SINCE) >= 0)
    return allows('7.3');
  return allows('6.12') && (profile.version === '6.12' || allows('7.3'));
}

function outsideOfOps(scx: ScxRow, table: Table, { kind }: HookContext): boolean {
  switch (kind) {
    case 'tracing':
    case 'timer':
      return (table === '6.12' ? scx.tracing612 : scx.tracing) === true;
    case 'syscall':
      return (table === '6.12' ? scx.syscall612 : scx.syscall) === true;
    case 'scx':
    case 'pvsched':
      return false;
  }
}

/** Groups of kfuncs that every op may call. */
export const FOR_EVERYBODY: readonly string[] = ['any', 'idle', 'cid'];

function insideOp(scx: ScxRow, table: Table, hook: HookRow): boolean {
  if (table === '7.3')
    return (scx.groups ?? []).some((group) => FOR_EVERYBODY.includes(group) || hook.groups?.includes(group));
  const ops = scx.ops612 ?? [];
  if (typeof ops !== 'string') return ops.includes(hook.name);
  return ops === 'all' || heldLocks(hook).some((lock) => lock.always && lock.class === 'rq');
}

/** Programs for which a kfunc that is not of sched_ext is registered; helpers are for all. */
function denialOfProgram(row: CallRow, context: HookContext): Denial | undefined {
  if (row.class !== 'kfunc') return undefined;
  const programs = row.progs ?? [];
  const wanted = PROGRAM_TYPES[context.kind];
  const allowed =
    programs.length === 0 || programs.some((program) => program === 'all' || program === wanted);
  return allowed ? undefined : { kind: 'program', when: 'load' };
}

const PROGRAM_TYPES: Readonly<Record<HookContext['kind'], string>> = {
  tracing: 'TRACING',
  timer: 'TRACING',
  scx: 'STRUCT_OPS',
  pvsched: 'STRUCT_OPS',
  syscall: 'SYSCALL',
};
