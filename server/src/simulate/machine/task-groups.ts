import type { Trace } from '../../trace/columns.ts';
import type { Sidecar, SidecarThread } from '../../trace/sidecar.ts';
import { looksLikeKthread } from '../tasks.ts';
import type { Extraction } from './extract.ts';
import { POINT, type DemandGroup } from './types.ts';

/** How groups are guessed where no sidecar tells them. */
export type Grouping = 'none' | 'kin' | 'sessions';

/** The scheduling groups, and the number of its group by task. */
export interface TaskGroups {
  readonly groups: readonly DemandGroup[];
  readonly of: Int32Array;
}

const ROOT: DemandGroup = { name: '/', parent: -1, weight: 1024, idle: false };
/** Wake-ups of one task by another that make them kin. */
const KIN_WAKES = 3;

/**
 * The groups that the sidecar tells: cgroups with the cpu controller; autogroups of what is in the root. A thread that
 * came and went between the sidecar's two looks is in the group of its parent, else of its kin, else in one of its own.
 */
export function toldGroups(trace: Trace, sidecar: Sidecar, found: Extraction): TaskGroups {
  const groups: DemandGroup[] = [ROOT];
  const index = new Map<string, number>([['/', 0]]);
  const add = (name: string, make: () => DemandGroup): number => {
    const known = index.get(name);
    if (known !== undefined) return known;
    groups.push(make());
    index.set(name, groups.length - 1);
    return groups.length - 1;
  };
  const session = (name: string): number => add(name, () => ({ name, parent: 0, weight: 1024, idle: false }));
  const byPath = new Map(sidecar.cgroups.map((cgroup) => [cgroup.path, cgroup]));
  const groupAt = (path: string): number => {
    const known = index.get(path);
    if (known !== undefined) return known;
    const cgroup = byPath.get(path);
    const above = groupAt(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
    if (!cgroup || cgroup.weight === null) return above;
    // cgroup_weight to load weight: 100 is 1024 (kernel/sched/sched.h: sched_weight_from_cgroup).
    const weight = Math.max(2, Math.round((cgroup.weight * 1024) / 100));
    return add(path, () => ({ name: path, parent: above, weight, idle: cgroup.idle }));
  };
  const groupOf = ({ cgroup, autogroup }: SidecarThread): number => {
    const group = cgroup === null ? 0 : groupAt(cgroup);
    const sessions = group === 0 && sidecar.kernel.autogroup === true && autogroup !== null;
    return sessions ? session(`autogroup-${autogroup}`) : group;
  };
  const threads = new Map(sidecar.threads.map((thread) => [thread.tid, thread]));
  const told = found.tasks.map(({ tid }) => toldThread(found, threads, tid));
  const kernel = found.tasks.map(({ tid, parent }) => looksLikeKthread(trace, tid, parent));
  const kin = kinOf(trace, found, kernel);
  const byKin = new Map<number, SidecarThread>();
  told.forEach((thread, task) => thread && byKin.set(kin.root(task), thread));
  const of = Int32Array.from(found.tasks, ({ index: task }) => {
    const thread = told[task] ?? (kernel[task] ? undefined : byKin.get(kin.root(task)));
    if (thread) return groupOf(thread);
    return kernel[task] || sidecar.kernel.autogroup !== true ? 0 : session(`session-${kin.root(task)}`);
  });
  return { groups, of };
}

/** What the sidecar says of a thread, or of the nearest one above it that it knows. */
function toldThread(
  found: Extraction,
  threads: ReadonlyMap<number, SidecarThread>,
  tid: number,
): SidecarThread | undefined {
  for (let at = tid; at >= 0; at = found.parentOf(at)) {
    const thread = threads.get(at);
    if (thread) return thread;
  }
  return undefined;
}

/**
 * Guesses the sessions, each of which an autogroup schedules as one. Kernel threads are in none. Kin are what made one
 * another, wakes one another or shares a process; `sessions` puts what has no kin together by its name, and what is
 * left then into one session, as a script would start it.
 */
export function guessedGroups(trace: Trace, found: Extraction, grouping: Grouping): TaskGroups {
  const of = new Int32Array(found.tasks.length);
  if (grouping === 'none') return { groups: [ROOT], of };
  const kernel = found.tasks.map(({ tid, parent }) => looksLikeKthread(trace, tid, parent));
  const kin = kinOf(trace, found, kernel);
  const size = new Int32Array(found.tasks.length);
  for (const { index } of found.tasks) size[kin.root(index)]!++;
  const named = new Map<string, number>();
  for (const { index, tid } of found.tasks) {
    if (kernel[index] || size[kin.root(index)]! > 1) continue;
    const comm = grouping === 'sessions' ? '' : (trace.tasks.get(tid)?.comm ?? '');
    const first = named.get(comm);
    if (first === undefined) named.set(comm, index);
    else kin.join(first, index);
  }
  const groups: DemandGroup[] = [ROOT];
  const number = new Map<number, number>();
  for (const { index } of found.tasks) {
    if (kernel[index]) continue;
    const root = kin.root(index);
    let group = number.get(root);
    if (group === undefined) {
      group = groups.length;
      number.set(root, group);
      groups.push({
        name: trace.tasks.get(found.tasks[root]!.tid)?.comm ?? '',
        parent: 0,
        weight: 1024,
        idle: false,
      });
    }
    of[index] = group;
  }
  return { groups, of };
}

function kinOf(trace: Trace, found: Extraction, kernel: readonly boolean[]): Union {
  const kin = new Union(found.tasks.length);
  const wakes = new Map<number, number>();
  const count = found.tasks.length;
  found.pointBurst.forEach((burst, i) => {
    const kind = found.pointKind[i];
    if (kind !== POINT.wake && kind !== POINT.fork) return;
    const by = found.task[burst]!;
    const other = found.task[found.pointArg[i]!]!;
    if (kernel[by] || kernel[other]) return;
    const pair = by * count + other;
    const times = kind === POINT.fork ? KIN_WAKES : (wakes.get(pair) ?? 0) + 1;
    wakes.set(pair, times);
    if (times === KIN_WAKES) kin.join(by, other);
  });
  const processes = new Map<number, number>();
  for (const { index, tid } of found.tasks) {
    const tgid = trace.tasks.get(tid)?.tgid;
    if (tgid === undefined || kernel[index]) continue;
    const first = processes.get(tgid);
    if (first === undefined) processes.set(tgid, index);
    else kin.join(first, index);
  }
  return kin;
}

/** Sets that only ever grow together. */
class Union {
  private readonly above: Int32Array;

  constructor(size: number) {
    this.above = Int32Array.from({ length: size }, (_, i) => i);
  }

  root(of: number): number {
    let at = of;
    while (this.above[at] !== at) {
      this.above[at] = this.above[this.above[at]!]!;
      at = this.above[at]!;
    }
    return at;
  }

  join(left: number, right: number): void {
    const [a, b] = [this.root(left), this.root(right)];
    this.above[Math.max(a, b)] = Math.min(a, b);
  }
}
