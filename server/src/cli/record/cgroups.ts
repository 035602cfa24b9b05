import { dirname, join } from 'node:path';
import type { SidecarCgroup, SidecarThread } from '../../trace/sidecar.ts';
import { numberAt, textAt } from './host.ts';

/** The cgroups of `threads` and all above them, but for the root. */
export function cgroupsOf(threads: readonly SidecarThread[]): SidecarCgroup[] {
  const paths = new Set<string>();
  for (const { cgroup } of threads) {
    for (let path = cgroup ?? '/'; path !== '/' && path !== '.'; path = dirname(path)) paths.add(path);
  }
  const mounts = textAt('/proc/mounts') ?? '';
  const cpu = mountOf(mounts, 'cgroup', 'cpu') ?? mountOf(mounts, 'cgroup2');
  const cpuset = mountOf(mounts, 'cgroup', 'cpuset') ?? mountOf(mounts, 'cgroup2');
  return [...paths].toSorted().map((path) => cgroup(path, cpu, cpuset));
}

function mountOf(mounts: string, type: string, controller?: string): string | undefined {
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find(
      ([, , kind, options]) =>
        kind === type && (controller === undefined || options?.split(',').includes(controller)),
    )?.[1];
}

function cgroup(path: string, cpu: string | undefined, cpuset: string | undefined): SidecarCgroup {
  const at = (name: string): string => join(cpu ?? '/nowhere', path, name);
  const [quota, period] = (textAt(at('cpu.max')) ?? '').split(' ').map(Number);
  const oldQuota = numberAt(at('cpu.cfs_quota_us'));
  return {
    path,
    weight: numberAt(at('cpu.weight')) ?? fromShares(numberAt(at('cpu.shares'))),
    idle: numberAt(at('cpu.idle')) === 1,
    quota_us: [quota, oldQuota].find((us) => (us ?? 0) > 0) ?? null,
    period_us: period ?? numberAt(at('cpu.cfs_period_us')),
    cpus: effectiveCpus(cpuset, path),
  };
}

/** cpu.shares, 2 to 262144, as a weight of v2, 1 to 10000; 1024 is 39, as container runtimes convert it. */
function fromShares(shares: number | null): number | null {
  return shares === null ? null : 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

function effectiveCpus(root: string | undefined, path: string): string | null {
  if (root === undefined) return null;
  const text =
    textAt(join(root, path, 'cpuset.cpus.effective')) ?? textAt(join(root, path, 'cpuset.effective_cpus'));
  return text === undefined || text === '' ? null : text;
}
