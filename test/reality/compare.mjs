// Writes docs/reality.md from recordings: what the kernel did without a policy, what the model says a policy would change,
// and what the policy did. Needs a build, and the folders that host.sh and vm.record.ts have filled.
//
//   node test/reality/compare.mjs HOST-FOLDER VM-FOLDER
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const [host, vm] = process.argv.slice(2);

const OBSERVER =
  'policy observe for tracing\ncounter n\non tracepoint sched:sched_switch(preempt, prev, next) { n += 1 }\n';
const NAMES = {
  host: { web: 'pvr-web', hogs: 'pvr-hog' },
  vm: { web: 'web', batch: 'batch' },
};

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

const ms = (ns) => (ns === undefined || ns === null ? '–' : `${(ns / 1e6).toPrecision(3)} ms`);

/** The figures of the table: waits of the thread that wakes up, its switches and each one's part of the CPU time. */
function figures(metrics, names, seconds) {
  if (!metrics) return undefined;
  const of = Object.fromEntries(metrics.map((one) => [one.vm ?? one.name, one]));
  const web = of.web;
  if (!web) return undefined;
  const share = Object.keys(names)
    .map((name) => `${name} ${(((of[name]?.run_time?.sum ?? 0) / (seconds * 2e9)) * 100).toFixed(1)}%`)
    .join(', ');
  return [
    ms(web.wakeup_latency?.p50),
    ms(web.wakeup_latency?.p99),
    String(
      Math.round(Object.keys(names).reduce((sum, name) => sum + (of[name]?.switches ?? 0), 0) / seconds),
    ),
    share,
    String(web.wakeup_latency?.count ?? 0),
  ];
}

const cells = (values) => (values ?? ['–', '–', '–', '–', '–']).join(' | ');

function table(folder, kind, policies) {
  const names = NAMES[kind];
  const recordedOf = (name) => {
    const report = simulate(OBSERVER, names, recordingOf(folder, name), folder);
    return report && figures(report.replay.recorded, names, report.trace.duration_ns / 1e9);
  };
  const lines = [`| without a policy | measured | ${cells(recordedOf('baseline'))} |`];
  const notes = [];
  for (const [title, path, name] of policies) {
    const text = readFileSync(join(root, path), 'utf8');
    const report = simulate(text, names, recordingOf(folder, 'baseline'), folder);
    const seconds = (report?.trace.duration_ns ?? 1e9) / 1e9;
    const { whatif } = report ?? {};
    if (lines.length === 1)
      lines.push(
        `| without a policy | modelled | ${cells(figures(whatif?.baseline?.metrics, names, seconds))} |`,
      );
    lines.push(
      `| [${title}](../${path}) | predicted | ${cells(figures(whatif?.policy?.metrics, names, seconds))} |`,
    );
    lines.push(`| | measured | ${cells(recordedOf(name))} |`);
    if (whatif?.fidelity) notes.push(`${title}: fidelity ${whatif.fidelity.verdict}`);
  }
  const fidelity =
    notes.length > 0 ? `\n${[...new Set(notes)].join('; ')}.\n` : '\nNo prediction was made.\n';
  return `| | | p50 | p99 | switches/s | CPU time | wake-ups |\n| --- | --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}\n${fidelity}`;
}

const page = `# Predicted and measured

<!-- Made by test/reality/compare.mjs from recordings; the words are there too. -->

For each policy here there are two recordings of one load: without the policy and with it. From the first, the model says what
the policy would change; the second says what it did. *p50* and *p99* are of the wake-up latency of \`web\`, the one that sleeps and
wakes; *switches* are those of the named threads; *CPU time* is their part of all CPUs. "Modelled" is the model of what
really was recorded, without a policy: how far it is from the line above is what the predictions are worth.

## Three policies with the agent, on a stock kernel

Linux 6.18 in a virtual machine of 2 CPUs. Four threads compute, one (\`web\`) wakes up every 4 ms and works for 0.5 ms
(\`test/reality/threads.c\`); beside them, a compiler and tests of others ran, differently in each recording. The policies act on
threads by their names, because this machine's KVM emits no \`kvm_entry\`, by which vCPUs are known; their actions are those of
the gallery's \`07_latency_class_agent\`, \`08_realtime_guest_agent\` and \`06_numa_home_agent\`.

${table(host, 'host', [
  ['nice_by_name', 'test/reality/nice_by_name.pvpolicy', 'nice'],
  ['boost_by_name', 'test/reality/boost_by_name.pvpolicy', 'boost'],
  ['pin_by_name', 'test/reality/pin_by_name.pvpolicy', 'pin'],
])}
What to make of it: **the directions are right, the sizes are not**, and the verdict says so beforehand. Raising the waking
thread's nice value and boosting it both cut its median wait, the boost to some ten microseconds, as predicted; pinning the
others away helps little, as predicted. But the kernel's own schedule is not reproduced: other work in groups of its own
(autogroups, cgroups) took most of both CPUs, the trace does not say who is in which group, and the model shares between
threads. The named threads get twice the CPU time in the model that they really got, so they wait less there. The recordings
also differ in what else ran.

## Three schedulers, with real vCPUs

Linux 7.3 in an emulated machine of 2 CPUs, in which KVM runs two guests of one vCPU: \`web\`, which its timer wakes and which
then computes, and \`batch\`, which only computes; beside them two busy loops. Both emulated CPUs are run by one thread of the emulator, in turns of up to 100 ms while none of
them halts: each CPU stands still for that long although its clock goes on. The model knows nothing of it, so its p99 is
far too small, and the verdict is "poor".

${table(vm, 'vm', [
  ['01_interrupt_boost', 'examples/gallery/01_interrupt_boost.pvpolicy', 'interrupt_boost'],
  ['09_overcommit_cap', 'examples/gallery/09_overcommit_cap.pvpolicy', 'overcommit_cap'],
  ['13_sticky_home', 'examples/gallery/13_sticky_home.pvpolicy', 'sticky_home'],
])}
What to make of it: that boosting leaves the median low, while a cap and sticky wake-ups make \`web\` wait for milliseconds, is
predicted and measured. For how long is the emulator's doing.

## Again

\`\`\`sh
npm run build
sudo test/reality/host.sh /tmp/host
PVPOLICY_REALITY=/tmp/vm npx vitest run -c test/reality/vitest.config.ts
node test/reality/compare.mjs /tmp/host /tmp/vm
\`\`\`
`;

writeFileSync(join(root, 'docs/reality.md'), page);
console.log('docs/reality.md');
