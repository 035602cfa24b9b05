import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { onPath } from './lanes.ts';

/** Why this machine's kernel cannot be asked; undefined where it can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is no Linux';
  if (process.getuid?.() !== 0) return 'only root may load programs';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF';
  if (onPath('bpftool') === undefined) return 'bpftool is not installed';
  // A container may be root and still be refused.
  const probe = spawnSync(onPath('bpftool') ?? '', ['prog', 'list'], { encoding: 'utf8' });
  return probe.status === 0 ? undefined : `bpftool prog list: ${probe.stderr.trim()}`;
}

/** Loads every program of an object, which is the verifier's word on each, and lets go of them; they never run. */
export function load(object: string): string {
  const pins = `/sys/fs/bpf/pvpolicy-test-${process.pid}`;
  const { status, stderr } = spawnSync(onPath('bpftool') ?? '', ['prog', 'loadall', object, pins], {
    encoding: 'utf8',
  });
  rmSync(pins, { recursive: true, force: true });
  return status === 0 ? 'accepted' : stderr;
}
