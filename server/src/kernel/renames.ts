import { callRow, type CallRow } from './catalogue.ts';
import { callPresence } from './existence.ts';
import { compareVersions, type Profile } from './profiles.ts';

/**
 * One call as the kernels spell it over time, oldest first. The policy may write any of the names; the last column of
 * `spellings` is what the emitter has to reach on a kernel.
 */
export interface RenamedCall {
  /** What policies write today: the name of scx's C headers. */
  readonly name: string;
  readonly spellings: readonly Spelling[];
  /** What stands in on kernels older than the first spelling. */
  readonly fallback?: Fallback;
}

export interface Spelling {
  /** The kernel's own name. */
  readonly kfunc: string;
  readonly since: string;
}

/** `write`: the program stores to the field itself (only struct_ops programs may). `call`: another call does. */
export type Fallback =
  { readonly kind: 'write'; readonly field: string } | { readonly kind: 'call'; readonly name: string };

const renamed = (
  name: string,
  spellings: Readonly<Record<string, string>>,
  fallback?: Fallback,
): RenamedCall => ({
  name,
  spellings: Object.entries(spellings).map(([kfunc, since]) => ({ kfunc, since })),
  ...(fallback && { fallback }),
});

/** Versions from the compatibility header of the scx schedulers; the ___v2 and __ forms only exist there as wrappers. */
export const RENAMED: readonly RenamedCall[] = [
  renamed('scx_bpf_dsq_insert', {
    scx_bpf_dispatch: '6.12',
    scx_bpf_dsq_insert: '6.13',
    scx_bpf_dsq_insert___v2: '6.19',
  }),
  renamed('scx_bpf_dsq_insert_vtime', {
    scx_bpf_dispatch_vtime: '6.12',
    scx_bpf_dsq_insert_vtime: '6.13',
    __scx_bpf_dsq_insert_vtime: '6.19',
  }),
  renamed('scx_bpf_dsq_move_to_local', {
    scx_bpf_consume: '6.12',
    scx_bpf_dsq_move_to_local: '6.13',
    scx_bpf_dsq_move_to_local___v2: '7.1',
  }),
  renamed('scx_bpf_dsq_move', { scx_bpf_dispatch_from_dsq: '6.12', scx_bpf_dsq_move: '6.13' }),
  renamed('scx_bpf_dsq_move_vtime', {
    scx_bpf_dispatch_vtime_from_dsq: '6.12',
    scx_bpf_dsq_move_vtime: '6.13',
  }),
  renamed('scx_bpf_dsq_move_set_slice', {
    scx_bpf_dispatch_from_dsq_set_slice: '6.12',
    scx_bpf_dsq_move_set_slice: '6.13',
  }),
  renamed('scx_bpf_dsq_move_set_vtime', {
    scx_bpf_dispatch_from_dsq_set_vtime: '6.12',
    scx_bpf_dsq_move_set_vtime: '6.13',
  }),
  renamed('scx_bpf_select_cpu_and', { scx_bpf_select_cpu_and: '6.16', __scx_bpf_select_cpu_and: '6.19' }),
  renamed('scx_bpf_reenqueue_local', {
    scx_bpf_reenqueue_local: '6.12',
    scx_bpf_reenqueue_local___v2: '6.19',
  }),
  renamed(
    'scx_bpf_task_set_slice',
    { scx_bpf_task_set_slice: '6.19' },
    { kind: 'write', field: 'scx.slice' },
  ),
  renamed(
    'scx_bpf_task_set_dsq_vtime',
    { scx_bpf_task_set_dsq_vtime: '6.19' },
    { kind: 'write', field: 'scx.dsq_vtime' },
  ),
  renamed('scx_bpf_now', { scx_bpf_now: '6.14' }, { kind: 'call', name: 'bpf_ktime_get_ns' }),
];

const byAnyName = new Map<string, RenamedCall>();
for (const call of RENAMED) {
  byAnyName.set(call.name, call);
  for (const { kfunc } of call.spellings) byAnyName.set(kfunc, call);
}

/** The call that `name` is a spelling of; undefined where the call was never renamed. */
export const renamedCall = (name: string): RenamedCall | undefined => byAnyName.get(name);

/** What policies should write instead of `name`; undefined when it is today's name already. */
export function todaysName(name: string): string | undefined {
  const call = byAnyName.get(name);
  return call === undefined || call.name === name ? undefined : call.name;
}

/** How a kernel has a call: under which row of the catalogue, or by what stands in for it. */
export type Availability =
  | { readonly kind: 'row'; readonly row: CallRow }
  | { readonly kind: 'fallback'; readonly fallback: Fallback; readonly row: CallRow | undefined }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' };

/** Looks `name` (any spelling) up on one kernel. */
export function availability(name: string, profile: Profile): Availability {
  const call = byAnyName.get(name);
  if (call === undefined) {
    const row = callRow(name);
    const found = row === undefined ? 'no' : callPresence(row, profile);
    if (row !== undefined && found === 'yes') return { kind: 'row', row };
    return { kind: found === 'unknown' ? 'unknown' : 'absent' };
  }
  const spelled = call.spellings.filter((spelling) => isSpelled(spelling, profile)).at(-1);
  const row = spelled && callRow(spelled.kfunc);
  if (row !== undefined) return { kind: 'row', row };
  if (call.fallback === undefined || !profile.mainline || !hasSchedExt(profile)) return { kind: 'absent' };
  return { kind: 'fallback', fallback: call.fallback, row: callRow(todaysRowName(call)) };
}

/** An imported kernel may have been built without it; then nothing stands in for its calls. */
const hasSchedExt = ({ imported }: Profile): boolean =>
  imported === undefined || Object.hasOwn(imported.ops, 'sched_ext_ops');

/** Has the kernel that spelling? Of an imported one its own list tells. */
function isSpelled({ kfunc, since }: Spelling, profile: Profile): boolean {
  const row = callRow(kfunc);
  if (profile.imported !== undefined && row !== undefined) return callPresence(row, profile) === 'yes';
  return compareVersions(profile.version, since) >= 0;
}

/** The row that describes a renamed call best: the spelling that policies write, else the newest. */
export const todaysRowName = (call: RenamedCall): string =>
  callRow(call.name) === undefined ? (call.spellings.at(-1)?.kfunc ?? call.name) : call.name;
