import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reason, Refusal } from '../refusal.ts';

const PLACES = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];
const PREFIX = 'pvpolicy-';

/** The folder of tracefs; a Refusal where there is none, or it may not be used. */
export function tracefs(): string {
  const place = PLACES.find((path) => existsSync(join(path, 'instances')));
  if (place !== undefined) return place;
  const mounted = PLACES.some((path) => existsSync(path));
  throw new Refusal(
    process.getuid?.() === 0
      ? 'tracefs is not mounted; mount it with: mount -t tracefs nodev /sys/kernel/tracing'
      : mounted
        ? 'recording needs root: the kernel shows its traces to nobody else'
        : 'there is no tracefs here: recording needs Linux, and root',
  );
}

/** A ring buffer of its own, so that what others trace is not disturbed. */
export class Instance {
  readonly path: string;
  private removed = false;

  /** Makes the instance; those that recorders left which were killed are removed first. */
  constructor(root: string) {
    removeStale(join(root, 'instances'));
    this.path = join(root, 'instances', `${PREFIX}${process.pid}`);
    try {
      mkdirSync(this.path);
    } catch (error) {
      throw new Refusal(`cannot make a tracing instance: ${reason(error)}`, this.path);
    }
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  /** A file of `root`, which instances do not have. */
  readFrom(root: string, name: string): string {
    return readFileSync(join(root, name), 'utf8');
  }

  /** Writes `value`; a Refusal that names the file where the kernel does not take it. */
  write(name: string, value: string): void {
    try {
      writeFileSync(join(this.path, name), value);
    } catch (error) {
      throw new Refusal(`the kernel does not take '${value}': ${reason(error)}`, join(this.path, name));
    }
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  /** The numbers of the CPUs that have a buffer. */
  cpus(): number[] {
    const names = readdirSync(join(this.path, 'per_cpu'));
    return names.map((name) => Number(name.slice(3))).toSorted((left, right) => left - right);
  }

  /** Switches tracing off and removes the instance; its files have to be closed. May be called again. */
  remove(): void {
    if (this.removed) return;
    this.removed = true;
    removeInstance(this.path);
  }
}

function removeInstance(path: string): void {
  writeFileSync(join(path, 'tracing_on'), '0');
  writeFileSync(join(path, 'set_event'), '');
  rmdirSync(path);
}

function removeStale(instances: string): void {
  for (const name of readdirSync(instances)) {
    const pid = Number(name.slice(PREFIX.length));
    if (!name.startsWith(PREFIX) || !Number.isInteger(pid) || existsSync(`/proc/${pid}`)) continue;
    try {
      removeInstance(join(instances, name));
    } catch {
      // Somebody reads it, or removes it now; it does no harm to this recording.
    }
  }
}
