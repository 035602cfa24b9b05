import { readdirSync } from 'node:fs';
import type { SidecarThread } from '../../trace/sidecar.ts';
import { textAt } from './host.ts';

/** By the number in /proc/TID/stat (include/uapi/linux/sched.h). */
const POLICIES: readonly SidecarThread['policy'][] = [
  'NORMAL',
  'FIFO',
  'RR',
  'BATCH',
  null,
  'IDLE',
  'DEADLINE',
  'EXT',
];
/** Places of fields in stat behind the name (man 5 proc): nice is number 19, rt_priority 40, policy 41. */
const NICE = 16;
const RT_PRIORITY = 37;
const POLICY = 38;

/** All threads that are alive now, by id. */
export function threadsNow(): SidecarThread[] {
  const pids = numbersIn('/proc');
  return pids
    .flatMap((pid) => {
      const [, autogroup, nice] =
        /^\/autogroup-(\d+) nice (-?\d+)$/.exec(textAt(`/proc/${pid}/autogroup`) ?? '') ?? [];
      return numbersIn(`/proc/${pid}/task`).flatMap((tid) =>
        thread(pid, tid, toNumber(autogroup), toNumber(nice)),
      );
    })
    .toSorted((left, right) => left.tid - right.tid);
}

const toNumber = (text: string | undefined): number | null => (text === undefined ? null : Number(text));

function numbersIn(path: string): number[] {
  try {
    return readdirSync(path)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // The process has ended meanwhile.
    return [];
  }
}

function thread(
  tgid: number,
  tid: number,
  autogroup: number | null,
  autogroupNice: number | null,
): readonly SidecarThread[] {
  const path = `/proc/${tgid}/task/${tid}`;
  const stat = textAt(`${path}/stat`);
  // The name may contain blanks and parentheses; it ends at the last one.
  const [, comm, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat ?? '') ?? [];
  if (comm === undefined || rest === undefined) return [];
  const fields = rest.split(' ');
  const affinity = /^Cpus_allowed_list:\s*(\S+)$/m.exec(textAt(`${path}/status`) ?? '')?.[1];
  return [
    {
      tid,
      tgid,
      comm,
      policy: POLICIES[Number(fields[POLICY])] ?? null,
      nice: Number(fields[NICE]),
      rt_priority: Number(fields[RT_PRIORITY]),
      affinity: affinity ?? null,
      cgroup: cgroupOf(textAt(`${path}/cgroup`) ?? ''),
      autogroup,
      autogroup_nice: autogroupNice,
    },
  ];
}

/** Its path in the hierarchy that has the cpu controller: of v1 where that is mounted, else the one of v2. */
function cgroupOf(text: string): string | null {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line)?.slice(1) ?? []);
  const old = lines.find(([controllers]) => controllers?.split(',').includes('cpu'));
  return (old ?? lines.find(([controllers]) => controllers === ''))?.[1] ?? null;
}
