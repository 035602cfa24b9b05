// Takes figures.json from recordings, and docs/reality.md from that: what the kernel did without a policy, what the model
// says a policy would change, and what the policy did. Needs a build, and the folders that host.sh and vm.record.ts fill.
//
//   node test/reality/compare.mjs HOST-FOLDER VM-FOLDER
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { page } from './page.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const [host, vm] = process.argv.slice(2);

const OBSERVER =
  'policy observe for tracing\ncounter n\non tracepoint sched:sched_switch(preempt, prev, next) { n += 1 }\n';
const NAMES = {
  host: { web: 'pvr-web', hogs: 'pvr-hog' },
  vm: { web: 'web', batch: 'batch' },
};

const CPUS = { host: 2, vm: 1 };

const scenario = (names) =>
  `\nscenario compare {\n    trace "none"\n${Object.entries(names)
    .map(([name, comm]) => `    vm ${name} = comm "${comm}"\n`)
    .join('')}}\n`;

/** Simulates a policy's text over a trace, with the VMs named; undefined where that gives nothing. */
function simulate(text, names, trace, work) {
  const file = join(work, 'compare.pvpolicy');
  const cut = text.search(/\n(\/\/[^\n]*\n)*scenario /);
  writeFileSync(file, (cut < 0 ? text : text.slice(0, cut + 1)) + scenario(names));
  const args = ['dist/cli.cjs', 'simulate', file, '--trace', trace, '--json'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

/** `pvpolicy record` writes a trace.dat; the emulated machine leaves text. */
function recordingOf(folder, name) {
  const binary = join(folder, `${name}.dat`);
  return existsSync(binary) ? binary : join(folder, `${name}.trace.gz`);
}

/** What the table shows: ns, counts a second, parts of all CPUs; of `web`, the one that sleeps and wakes, and of all named. */
function figures(metrics, names, seconds, cpus) {
  const of = Object.fromEntries((metrics ?? []).map((one) => [one.vm ?? one.name, one]));
  const named = Object.keys(names);
  const part = (name) => Number(((of[name]?.run_time?.sum ?? 0) / (seconds * cpus * 1e9)).toFixed(4));
  return {
    p50: of.web?.wakeup_latency?.p50 ?? null,
    p99: of.web?.wakeup_latency?.p99 ?? null,
    switches: Math.round(named.reduce((sum, name) => sum + (of[name]?.switches ?? 0), 0) / seconds),
    shares: Object.fromEntries(named.map((name) => [name, part(name)])),
    wakeups: of.web?.wakeup_latency?.count ?? 0,
  };
}

/** The figures of one load: of what was recorded, and of what the model says of the recording without a policy. */
function compared(folder, kind, policies) {
  const names = NAMES[kind];
  const cpus = CPUS[kind];
  const measured = (name) => {
    const report = simulate(OBSERVER, names, recordingOf(folder, name), folder);
    return figures(report?.replay.recorded, names, (report?.trace.duration_ns ?? 0) / 1e9, cpus);
  };
  let modelled;
  let fidelity;
  const rows = policies.map(([title, path, name]) => {
    const text = readFileSync(join(root, path), 'utf8');
    const report = simulate(text, names, recordingOf(folder, 'baseline'), folder);
    const seconds = (report?.trace.duration_ns ?? 0) / 1e9;
    const { whatif } = report ?? {};
    modelled ??= figures(whatif?.baseline?.metrics, names, seconds, cpus);
    fidelity ??= whatif?.fidelity?.verdict;
    const predicted = figures(whatif?.policy?.metrics, names, seconds, cpus);
    return { title, path, predicted, measured: measured(name) };
  });
  return { baseline: { measured: measured('baseline'), modelled }, fidelity, policies: rows };
}

const found = {
  host: compared(host, 'host', [
    ['nice_by_name', 'test/reality/nice_by_name.pvpolicy', 'nice'],
    ['boost_by_name', 'test/reality/boost_by_name.pvpolicy', 'boost'],
    ['pin_by_name', 'test/reality/pin_by_name.pvpolicy', 'pin'],
  ]),
  vm: compared(vm, 'vm', [
    ['01_interrupt_boost', 'examples/gallery/01_interrupt_boost.pvpolicy', 'interrupt_boost'],
    ['09_overcommit_cap', 'examples/gallery/09_overcommit_cap.pvpolicy', 'overcommit_cap'],
    ['13_sticky_home', 'examples/gallery/13_sticky_home.pvpolicy', 'sticky_home'],
  ]),
};
writeFileSync(join(root, 'test/reality/figures.json'), `${JSON.stringify(found, undefined, 2)}\n`);
writeFileSync(join(root, 'docs/reality.md'), page(found));
console.log('test/reality/figures.json, docs/reality.md');
