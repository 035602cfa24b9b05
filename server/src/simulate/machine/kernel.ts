import type { Sidecar } from '../../trace/sidecar.ts';
import type { KernelParams } from './types.ts';

/** What the caller knows of the kernel that was recorded; it goes before what the sidecar says. */
export interface KernelChoice {
  /** `6.12.117`, or `6.12`: the last of them. */
  readonly version?: string;
}

/** Without a word on the kernel, a recent one of long support is taken. */
const RECENT = { version: 618, patch: 44 } as const;
/** EEVDF came with 6.6. */
const EEVDF_SINCE = 606;
/** sysctl_sched_base_slice and sysctl_sched_min_granularity of one CPU (kernel/sched/fair.c). */
const EEVDF_SLICE_NS = 700_000;
const CFS_GRANULARITY_NS = 750_000;

export function kernelOf(
  cpus: number,
  sidecar: Sidecar | undefined,
  choice: KernelChoice = {},
): Omit<KernelParams, 'groups'> {
  const kernel = sidecar?.kernel;
  const release = choice.version ?? kernel?.release;
  const { version, patch } = releaseOf(release) ?? RECENT;
  const eevdf = version >= EEVDF_SINCE;
  const runtime = kernel?.rt_runtime_us ?? 950_000;
  return {
    scheduler: eevdf ? 'eevdf' : 'cfs',
    version,
    patch,
    baseSliceNs: kernel?.base_slice_ns ?? (eevdf ? EEVDF_SLICE_NS : CFS_GRANULARITY_NS) * scale(cpus),
    features: kernel?.features ?? {},
    rtPeriodNs: (kernel?.rt_period_us ?? 1_000_000) * 1000,
    rtRuntimeNs: runtime < 0 ? Infinity : runtime * 1000,
  };
}

/** 1 + log2 of the number of CPUs, of 8 at most (get_update_sysctl_factor). */
const scale = (cpus: number): number => 1 + Math.floor(Math.log2(Math.min(Math.max(1, cpus), 8)));

function releaseOf(release = ''): { readonly version: number; readonly patch: number } | undefined {
  const [, major, minor, patch = Infinity] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release) ?? [];
  return major === undefined
    ? undefined
    : { version: Number(major) * 100 + Number(minor), patch: Number(patch) };
}
