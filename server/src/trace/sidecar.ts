/**
 * What `pvpolicy record` notes beside a trace, because no trace says it: how the kernel that was recorded schedules.
 * It is the JSON file at `sidecarPath(trace)`; docs/traces.md describes it. What could not be read is null.
 */
export interface Sidecar {
  readonly version: 1;
  readonly kernel: {
    /** As `uname -r` and `uname -m` print it. */
    readonly release: string;
    readonly machine: string;
    /** Ticks a second (CONFIG_HZ). */
    readonly hz: number | null;
    /** Of CONFIG_PREEMPT_DYNAMIC, or built in: the one in force. */
    readonly preempt: 'none' | 'voluntary' | 'full' | 'lazy' | 'rt' | null;
    /** EEVDF's base_slice_ns in force, already scaled by the number of CPUs; of CFS min_granularity_ns. */
    readonly base_slice_ns: number | null;
    /** Scheduler features by their kernel names, without `NO_`: which are on. */
    readonly features: Readonly<Record<string, boolean>> | null;
    /** sched_rt_period_us and sched_rt_runtime_us; a runtime of −1 is no limit. */
    readonly rt_period_us: number | null;
    readonly rt_runtime_us: number | null;
    /** Does the kernel put each session into a group of its own (sched_autogroup_enabled)? */
    readonly autogroup: boolean | null;
    /** Name of the sched_ext scheduler that was in charge; null: none, or not known. */
    readonly sched_ext: string | null;
  };
  /** The online CPUs. */
  readonly cpus: readonly SidecarCpu[];
  /** Threads alive at the start or at the end of the recording; by id. */
  readonly threads: readonly SidecarThread[];
  /** The cgroups of these threads and all above them, except the root; by path. */
  readonly cgroups: readonly SidecarCgroup[];
}

export interface SidecarCpu {
  readonly id: number;
  /** CPUs with the same numbers share a core, a last-level cache, a package, a NUMA node. */
  readonly core: number | null;
  readonly llc: number | null;
  readonly package: number | null;
  readonly node: number | null;
  /** 1024 is the biggest CPU of the machine. */
  readonly capacity: number | null;
}

export interface SidecarThread {
  readonly tid: number;
  readonly tgid: number;
  readonly comm: string;
  readonly policy: 'NORMAL' | 'BATCH' | 'IDLE' | 'FIFO' | 'RR' | 'DEADLINE' | 'EXT' | null;
  readonly nice: number | null;
  /** 1 to 99 with FIFO and RR, else 0. */
  readonly rt_priority: number;
  /** The CPUs that it may run on, as the kernel lists them: `0-3,8`. */
  readonly affinity: string | null;
  /** Path of its cgroup, v2 or that of the v1 cpu controller; `/` is the root. */
  readonly cgroup: string | null;
  /** Number of its autogroup and that group's nice value. In force only while the cgroup is the root. */
  readonly autogroup: number | null;
  readonly autogroup_nice: number | null;
}

export interface SidecarCgroup {
  readonly path: string;
  /** cpu.weight, 1 to 10000 (v1: cpu.shares, converted); null where the cpu controller is off there. */
  readonly weight: number | null;
  /** cpu.idle. */
  readonly idle: boolean;
  /** cpu.max in microseconds; a quota of null is none. */
  readonly quota_us: number | null;
  readonly period_us: number | null;
  /** cpuset.cpus.effective, as the kernel lists them. */
  readonly cpus: string | null;
}

/** Where the sidecar of the trace file `trace` is. */
export function sidecarPath(trace: string): string {
  return `${trace}.sidecar.json`;
}

/** The sidecar in the text of such a file; undefined where it is none. */
export function parseSidecar(text: string): Sidecar | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isSidecar(value) ? value : undefined;
}

function isSidecar(value: unknown): value is Sidecar {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Partial<Record<keyof Sidecar, unknown>>;
  return (
    candidate.version === 1 &&
    typeof candidate.kernel === 'object' &&
    candidate.kernel !== null &&
    [candidate.cpus, candidate.threads, candidate.cgroups].every(
      (list) => Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null),
    )
  );
}
