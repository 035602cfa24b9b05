import { releaseOf } from '../../kernel/calls.ts';

const KINDS: Readonly<Record<string, string>> = {
  scx_bpf_put_idle_cpumask: 'idle_cpumask',
  scx_bpf_put_cpumask: 'cpumask',
  bpf_task_release: 'task',
  bpf_cgroup_release: 'cgroup',
};

/** What kind of reference a kernel function gives; undefined for those that give none. */
export function cleanupKind(name: string): string | undefined {
  const release = releaseOf(name);
  return release === undefined ? undefined : KINDS[release];
}
