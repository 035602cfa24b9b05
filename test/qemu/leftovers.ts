// Nothing may be left behind on a machine: what state.c tells of it before and after is compared.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStateTool } from './vm.ts';

/** Inherited by every process that the tests start. */
const MARK = 'PVPOLICY_TESTS_OF';

export interface Watch {
  /** What has come to be or differs since the watch began and does not go within `seconds`, a line each, as state.c has it. */
  leftovers(seconds?: number): readonly string[];
  end(): void;
}

/** Begins to watch this machine. What processes hold that are none of this run's is none of its business. */
export function watchMachine(): Watch {
  process.env[MARK] = `${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-state-'));
  const tool = buildStateTool(folder);
  const before = join(folder, 'before');
  writeFileSync(before, execFileSync(tool, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
  return {
    leftovers: (seconds = 5) => {
      const { stdout, stderr, status } = spawnSync(tool, [before, `${seconds}`], {
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      if (status !== 0 && status !== 1) throw new Error(`the machine's state cannot be told: ${stderr}`);
      const lines = stdout.split('\n').filter((line) => line !== '');
      if (lines.length === 0) return [];
      const held = heldElsewhere();
      return lines.filter(
        (line) => !held.has(/^(?:program|map|link) \d+/.exec(line)?.[0] ?? '') && !recorded(line),
      );
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const KINDS: Readonly<Record<string, string>> = { prog_id: 'program', map_id: 'map', link_id: 'link' };

const isOurs = (pid: string): boolean =>
  textOf(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${process.pid}`);

/** Is it the instance of tracing in which another run's process records now? `pvpolicy record` calls it by its process. */
function recorded(line: string): boolean {
  const pid = /^instance .*\/pvpolicy-(\d+)\t/.exec(line)?.[1];
  return pid !== undefined && textOf(`/proc/${pid}/environ`) !== '' && !isOurs(pid);
}

/** BPF objects that processes hold which are none of this run, as 'map 5'. */
function heldElsewhere(): ReadonlySet<string> {
  const held = new Set<string>();
  for (const pid of numbersIn('/proc')) {
    if (isOurs(pid)) continue;
    for (const fd of numbersIn(`/proc/${pid}/fdinfo`)) {
      for (const [, key = '', id] of textOf(`/proc/${pid}/fdinfo/${fd}`).matchAll(/^(\w+_id):\s+(\d+)$/gm))
        held.add(`${KINDS[key]} ${id}`);
    }
  }
  return held;
}

function numbersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** The text of a file below /proc; nothing where what it tells of has gone. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
