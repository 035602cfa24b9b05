// The page docs/reality.md, from figures.json.

const ms = (ns) => (ns === null || ns === undefined ? '–' : `${(ns / 1e6).toPrecision(3)} ms`);

const cells = ({ p50, p99, switches, shares, wakeups }) => {
  const parts = Object.entries(shares).map(([name, part]) => `${name} ${(100 * part).toFixed(1)} %`);
  return [ms(p50), ms(p99), switches, parts.join(', '), wakeups].join(' | ');
};

function table({ baseline, fidelity, policies }) {
  const lines = [
    '| | | p50 | p99 | switches/s | CPU time | wake-ups |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    `| without a policy | measured | ${cells(baseline.measured)} |`,
    `| | modelled | ${cells(baseline.modelled)} |`,
  ];
  for (const { title, path, predicted, measured } of policies)
    lines.push(
      `| [${title}](../${path}) | predicted | ${cells(predicted)} |`,
      `| | measured | ${cells(measured)} |`,
    );
  return `${lines.join('\n')}\n\nFidelity: ${fidelity}.\n`;
}

/** The page as Markdown, with the figures of the loads `host` and `vm`. */
export const page = ({ host, vm }) => `# Predicted and measured

<!-- Made by test/reality/compare.mjs from recordings; the words are in test/reality/page.mjs. -->

For each policy here there are two recordings of one load: without the policy and with it. From the first, the model says what
the policy would change; the second says what it did. *p50* and *p99* are of the wake-up latency of \`web\`, the one that sleeps and
wakes; *switches* are those of the named threads; *CPU time* is their part of all CPUs. "Modelled" is the model of what
really was recorded, without a policy: how far it is from the line above is what the predictions are worth.

## Three policies with the agent, on a stock kernel

Linux 6.18 in a virtual machine of 2 CPUs. Four threads compute, one (\`web\`) wakes up every 4 ms and works for 0.5 ms
(\`test/reality/threads.c\`); beside them, compilers, emulators and tests of others ran, which left them a tenth of the CPUs,
differently in each recording. The policies act on threads by their names, because this machine's KVM emits no \`kvm_entry\`, by
which vCPUs are known; their actions are those of the gallery's \`07_latency_class_agent\`, \`08_realtime_guest_agent\` and
\`06_numa_home_agent\`. The recordings have sidecars, so the model knows the groups.

${table(host)}
What to make of it: **the latencies go where it was said, and roughly as far**: of the boost the median within 5 µs, of pinning
median and p99 within an eighth, of the nice value a third of it; the switches only within a factor of two, and with the nice
value the other way. But the verdict is "poor", and says so beforehand: the named threads get more of the CPUs in the model than
they really got. Why is known: this kernel has an option of its own, \`sched_vcpu_pack\`, and leaves many tasks on one CPU while
the other one has a single one ([the simulated machine](machine-model.md)). Boosted, \`web\` sleeps and works five times as
often as without, and so switches more often; the model holds the recorded work constant. The recordings also differ in what
else ran.

## Three schedulers, with real vCPUs

Linux 7.3 in an emulated machine of one CPU, in which KVM runs two guests of one vCPU: \`web\`, which its timer wakes and which
then computes, and \`batch\`, which only computes; beside them two busy loops. The machine's clock counts instructions, so
nothing but its own load is in its times. It has one CPU because of several, each would stand still while another one is
emulated, and its clock go on.

${table(vm)}
What to make of it: **on a stock kernel, with nothing else in the times, the predictions hold**: medians within 2 µs or 2 %, p99
within 15 µs or 2 %, switches within 2 %. \`web\`'s part of the CPU time is smaller than predicted where it waits for long: ticks of a
guest's timer that come while its vCPU waits become one, so there is less to do. The model holds the recorded work constant.

## Again

\`\`\`sh
npm run build
sudo test/reality/host.sh /tmp/host
PVPOLICY_REALITY=/tmp/vm npx vitest run -c test/reality/vitest.config.ts
node test/reality/compare.mjs /tmp/host /tmp/vm
\`\`\`
`;
