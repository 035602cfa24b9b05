// Kernels before 6.4, where a policy says that it is for them: what is not told to be lacking there loads, and runs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkC } from '../../server/src/emit/c/index.ts';
import { lower } from '../../server/src/ir/lower.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { FOLDER } from '../gallery/gallery.ts';
import { findClang, lane, onPath } from '../support/lanes.ts';
import { AGENTS, agentsScript, GUESTS, shortcomings } from './gallery-agents.ts';
import { buildStaticAgent, compileUnchecked, examplesFor } from './policy.ts';
import { expectRevived, REVIVE } from './revive.ts';
import { boot, buildLoader, release, vmToolsPresent } from './vm.ts';

/** A loop in a loop, near to the most that is let through. */
const NESTED = `policy nested for tracing requires kernel >= 6.1
state vm {
    n: u64
    m: u64
}
state vcpu { k: u64 }
state { total: u64 }
counter seen per vm
every 100ms {
    var most = 0
    for m in vms max 8 {
        for v in m.vcpus max 16 {
            v.k += 1
            if v.k > 3 { m.n += 1 }
            if m.n > m.m { seen[m] += 1 }
            if v.k > most { most = v.k }
        }
    }
    for c in cpus(cpus(0..1023)) { total += 1 }
}
`;

/** What of the examples for a stock kernel those before 6.4 cannot do. */
const TOO_MUCH: Readonly<Record<string, string>> = {
  '06_numa_home_agent': 'masks',
  '09_overcommit_cap_agent': 'iterators',
  '10_burst_credits': 'iterators',
  '14_emulator_threads_agent': 'masks',
  '15_noisy_neighbour': 'iterators',
  '18_steal_backoff': 'masks',
  '18_steal_feedback': 'iterators',
  '20_start_and_migrate': 'iterators',
};

/**
 * Shell: both ends of a shared page at once, of one vCPU of KVM; shows what the guest's programs on CPU 0, which alone has
 * a page of feedback, say of it, once they have seen some.
 */
const PAGES = `truncate -s 262144 /tmp/both
page() { head -c 32 /tmp/both | base64; }
seen() { [ "$(od -An -tu8 -j8 -N8 /tmp/both)" -gt 0 ]; }
/vmm 'CPU 0/KVM' 100000 0 emulate & P=$!
taskset 1 sh -c 'while :; do sleep 0.01; done' & C=$!
/run_pages.guest /tmp/both 100 & G=$!
/run_pages --pages $P=/tmp/both --json & A=$!
for i in $(seq 150); do seen && break; sleep 0.2; done
sleep 1
echo "PAGE $(page)"
kill $A; wait $A; echo "PAGES $?"
kill $G $C $P
`;

/** Neither side saw a page that was not whole, and both saw pages. */
function expectPages(text: string): void {
  const said = /^\{"policy":"pages".*\}$/m.exec(text)?.[0] ?? '{"stats":[]}';
  const { stats } = JSON.parse(said) as { stats: Readonly<Record<string, number>>[] };
  expect(stats[0]).toMatchObject({ told: expect.any(Number), seen: expect.any(Number), torn: 0 });
  expect(stats[0]?.['seen']).toBeGreaterThan(0);
  // The page of hints of the first CPU: `first`, `seen`, `torn`.
  const page = Buffer.from(/^PAGE (\S+)/m.exec(text)?.[1] ?? '', 'base64');
  expect(page.readBigUInt64LE(8)).toBeGreaterThan(0n);
  expect(page.readBigUInt64LE(16)).toBe(0n);
  expect(text).toContain('PAGES 0');
}

lane(
  'qemu',
  'a kernel before 6.4',
  () => (vmToolsPresent() && findClang() && onPath('bpftool') ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-old-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    /** The policy with what it says of kernels, and what its C would lack there. */
    function old(name: string, text: string): { readonly path: string; readonly lacks: string } {
      const path = join(folder, `${name}.pvpolicy`);
      const widened = text.replace(/^(policy \w+ for tracing)$/m, '$1 requires kernel >= 6.1');
      writeFileSync(path, widened);
      const found = checkC(lower(snapshot(widened, DEFAULTS).model));
      return { path, lacks: found.map(({ message }) => message).join('\n') };
    }

    it(`runs each policy that lacks nothing there, and the others are told what (${release('oldest')})`, async () => {
      const policies = [
        ...examplesFor('tracing').map((path) => ({
          name: basename(path, '.pvpolicy'),
          text: readFileSync(path, 'utf8'),
        })),
        { name: 'nested', text: NESTED },
      ].map(({ name, text }) => ({ name, ...old(name, text) }));
      for (const { name, lacks } of policies) expect([name, lacks]).toEqual([name, told(TOO_MUCH[name])]);
      const objects = policies
        .filter(({ lacks }) => lacks === '')
        .map(({ path }) => compileUnchecked(path, folder));
      expect(objects.length).toBeGreaterThan(5);
      const { console: text, finished } = await boot({
        kernel: 'oldest',
        files: [buildLoader(folder), ...objects],
        script: objects.map((path) => `echo "LOAD ${basename(path)}"\n/load /${basename(path)} 1`).join('\n'),
        timeoutMs: 480_000,
      });
      const refused = text
        .split(/^LOAD /m)
        .slice(1)
        .filter((part) => !part.includes('RESULT {"ok":true,"stage":"run"'));
      expect(refused).toEqual([]);
      expect(finished).toBe(true);
    });

    it('runs the agent of each that the gallery has one of, on a thread and on guests, and undoes what it did', async () => {
      const agents = AGENTS.map((agent) => {
        const name = basename(agent.file, '.pvpolicy');
        return { ...agent, ...old(name, readFileSync(join(FOLDER, agent.file), 'utf8')) };
      }).filter(({ lacks }) => lacks === '');
      expect(agents.length).toBeGreaterThan(2);
      const revive = readFileSync(join(import.meta.dirname, '../golden/revive/revive.pvpolicy'), 'utf8');
      const pages = readFileSync(join(import.meta.dirname, 'pages.pvpolicy'), 'utf8');
      const own = [old('revive', revive), old('pages', pages)];
      expect(own.map(({ lacks }) => lacks)).toEqual(['', '']);
      const paths = [...own, ...agents].map(({ path }) => path);
      const vmm = join(folder, 'vmm');
      execFileSync('gcc', ['-O2', '-static', join(import.meta.dirname, 'vmm.c'), '-o', vmm]);
      const { console: text, finished } = await boot({
        kernel: 'oldest',
        files: [vmm, ...paths.flatMap((path) => buildStaticAgent(path, folder))],
        script: `${REVIVE}${PAGES}${GUESTS}\nsleep 2\n${agentsScript(agents)}`,
        timeoutMs: 560_000,
      });
      expectRevived(text);
      expectPages(text);
      for (const agent of agents) expect([agent.name, shortcomings(text, agent)]).toEqual([agent.name, []]);
      expect(finished).toBe(true);
    });
  },
);

const told = (what: string | undefined): unknown => (what === undefined ? '' : expect.stringContaining(what));
