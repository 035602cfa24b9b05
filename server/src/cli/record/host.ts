import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { arch, release } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Sidecar, SidecarCpu } from '../../trace/sidecar.ts';
import { cgroupsOf } from './cgroups.ts';
import { threadsNow } from './threads.ts';

const CPUS = '/sys/devices/system/cpu';
const SCHED = '/sys/kernel/debug/sched';
/** What `uname -m` says where Node says otherwise. */
const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The text of a small file, trimmed; undefined where it cannot be read. */
export function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The whole number in a file; null where there is none. */
export function numberAt(path: string): number | null {
  const text = textAt(path);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
}

/** What this host says of itself and its threads now. */
export function describeHost(): Sidecar {
  const threads = threadsNow();
  return { version: 1, kernel: kernel(), cpus: cpus(), threads, cgroups: cgroupsOf(threads) };
}

/** Adds the threads of `later` that `earlier` does not have, and their cgroups. */
export function joined(earlier: Sidecar, later: Sidecar): Sidecar {
  const known = new Set(earlier.threads.map(({ tid }) => tid));
  const paths = new Set(earlier.cgroups.map(({ path }) => path));
  return {
    ...earlier,
    threads: [...earlier.threads, ...later.threads.filter(({ tid }) => !known.has(tid))].toSorted(
      (left, right) => left.tid - right.tid,
    ),
    cgroups: [...earlier.cgroups, ...later.cgroups.filter(({ path }) => !paths.has(path))],
  };
}

function kernel(): Sidecar['kernel'] {
  return {
    release: release(),
    machine: MACHINES[arch()] ?? arch(),
    hz: Number(/^CONFIG_HZ=(\d+)$/m.exec(config())?.[1] ?? 0) || null,
    preempt: preemption(),
    base_slice_ns:
      numberAt(join(SCHED, 'base_slice_ns')) ?? numberAt(join(SCHED, 'min_granularity_ns')) ?? shownSlice(),
    features: features(),
    rt_period_us: numberAt('/proc/sys/kernel/sched_rt_period_us'),
    rt_runtime_us: numberAt('/proc/sys/kernel/sched_rt_runtime_us'),
    autogroup: flag(numberAt('/proc/sys/kernel/sched_autogroup_enabled')),
    sched_ext: textAt('/sys/kernel/sched_ext/root/ops') ?? null,
  };
}

/** The slice in the overview of the scheduler, which a locked down kernel still shows; its unit is ms. */
function shownSlice(): number | null {
  const shown = /sched_base_slice\s*:\s*([\d.]+)/.exec(textAt(join(SCHED, 'debug')) ?? '')?.[1];
  return shown === undefined ? null : Math.round(Number(shown) * 1e6);
}

const flag = (value: number | null): boolean | null => (value === null ? null : value !== 0);

let configText: string | undefined;

/** The kernel's configuration, from where distributions have it; empty where none has. */
function config(): string {
  configText ??=
    textAt(`/boot/config-${release()}`) ?? textAt(`/lib/modules/${release()}/config`) ?? packedConfig();
  return configText;
}

function packedConfig(): string {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString();
  } catch {
    return '';
  }
}

function preemption(): Sidecar['kernel']['preempt'] {
  const dynamic = /\((\w+)\)/.exec(textAt(join(SCHED, 'preempt')) ?? '')?.[1];
  if (dynamic === 'none' || dynamic === 'voluntary' || dynamic === 'full' || dynamic === 'lazy')
    return dynamic;
  const has = (option: string): boolean => config().includes(`\nCONFIG_${option}=y\n`);
  if (has('PREEMPT_RT')) return 'rt';
  if (has('PREEMPT_NONE')) return 'none';
  if (has('PREEMPT_VOLUNTARY')) return 'voluntary';
  if (has('PREEMPT_LAZY')) return 'lazy';
  return has('PREEMPT') ? 'full' : null;
}

function features(): Sidecar['kernel']['features'] {
  const text = textAt(join(SCHED, 'features'));
  if (text === undefined) return null;
  return Object.fromEntries(
    text.split(/\s+/).map((word) => (word.startsWith('NO_') ? [word.slice(3), false] : [word, true])),
  );
}

function cpus(): SidecarCpu[] {
  const names = existsSync(CPUS) ? readdirSync(CPUS) : [];
  const ids = names.flatMap((name) => /^cpu(\d+)$/.exec(name)?.slice(1) ?? []).map(Number);
  return ids
    .filter((id) => (numberAt(join(CPUS, `cpu${id}/online`)) ?? 1) !== 0)
    .toSorted((left, right) => left - right)
    .map((id) => {
      const at = (name: string): string => join(CPUS, `cpu${id}`, name);
      return {
        id,
        core: numberAt(at('topology/core_id')),
        llc: lastCache(at('cache')),
        package: numberAt(at('topology/physical_package_id')),
        node: nodeOf(at('.')),
        capacity: numberAt(at('cpu_capacity')) ?? 1024,
      };
    });
}

/** The first CPU of those that share the largest cache stands for it. */
function lastCache(path: string): number | null {
  const indexes = existsSync(path) ? readdirSync(path).filter((name) => name.startsWith('index')) : [];
  const last = indexes
    .map((name) => ({ level: numberAt(join(path, name, 'level')) ?? 0, name }))
    .toSorted((left, right) => right.level - left.level)[0];
  const shared = last && textAt(join(path, last.name, 'shared_cpu_list'));
  return shared === undefined || shared === '' ? null : parseInt(shared, 10);
}

function nodeOf(path: string): number | null {
  const link = existsSync(path) ? readdirSync(path).find((name) => /^node\d+$/.test(name)) : undefined;
  return link === undefined ? null : Number(link.slice(4));
}
