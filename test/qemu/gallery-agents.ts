// The gallery's policies for a stock kernel, each with its agent under load, in the virtual machine of a boot.
import { join } from 'node:path';
import { FOLDER, GALLERY } from '../gallery/gallery.ts';
import { buildStaticAgent } from './policy.ts';

/** How to run one: its options, and what then must have been counted and be seen. */
interface Run {
  readonly options?: string;
  /** What runs beside the agent. */
  readonly beside?: string;
  /** Counters and histograms that must not be empty. */
  readonly counts: readonly string[];
  /** What samples must show while it runs and not once it has ended; none where the machine has nothing to act on. */
  readonly effect?: { readonly says: string; readonly seen: RegExp };
}

/** For how long an agent runs, s. */
export const AGENT_SECONDS = 5;

/** By the name of the policy. $WEB and $BATCH are the guests' processes. */
const RUNS: Readonly<Record<string, Run>> = {
  halt_poll: {
    counts: ['changes', 'halted'],
    effect: { says: "KVM's limit of halt polling changed", seen: /poll=(?!200000\b)\d+/ },
  },
  numa_home_agent: {
    options: '--node0 0',
    counts: ['pins'],
    effect: { says: 'the vCPU bound to CPU 0', seen: /web=\S+,0 / },
  },
  latency_class_agent: {
    options: '--class-of $WEB=1 --class-of $BATCH=2',
    counts: ['reniced', 'waited'],
    effect: { says: 'nice −10 and 10', seen: /web=-10,.* batch=10,/ },
  },
  realtime_guest_agent: {
    options: '--class-of $WEB=1',
    counts: ['boosts'],
    effect: { says: 'the vCPU in SCHED_RR', seen: /web=0,10,2,/ },
  },
  // A host that counts as full from early on, and a credit that never grows large enough, keep the caps on.
  overcommit_cap_agent: {
    options: '--full 10%',
    counts: ['caps'],
    effect: { says: 'cpu.max of 40 %', seen: /batchmax=40\d\d\d / },
  },
  burst_credits: {
    options: '--first-credit 0ms --max-credit 20ms --baseline-share 10%',
    counts: ['capped_times', 'credit_left'],
    effect: { says: 'cpu.max of 10 %', seen: /batchmax=9\d\d\d / },
  },
  core_tags_agent: { counts: ['tagged_vms'] },
  emulator_threads_agent: {
    options: '--housekeeping 1',
    counts: ['vcpus_seen', 'pinned_threads'],
    effect: { says: "the emulator's thread bound to CPU 1", seen: /emulator=\S+,1 / },
  },
  noisy_neighbour: {
    options: '--tolerable 200us --loud 30%',
    counts: ['contained_times', 'waits'],
    effect: { says: 'a lower weight, as nice 5', seen: /batch=5,/ },
  },
  steal_backoff: { counts: ['steal_seen'] },
  // Its guest's part runs beside it: it reads what the host tells CPU 0, and answers for it.
  steal_feedback: {
    options: '--patient 7 --pages $BATCH=/tmp/memory',
    beside: '/run_steal_feedback.guest /tmp/memory 100',
    counts: ['told', 'yields', 'stolen_part'],
    effect: { says: 'the guest told that it waits, its answer: nice 7', seen: /batch=7,/ },
  },
  start_and_migrate: {
    options: '--boot-time 2s',
    counts: ['booted'],
    effect: { says: 'a higher weight, as nice −5', seen: /web=-5,/ },
  },
};

/** A policy of the gallery, with how to run its agent. */
export interface Agent {
  readonly file: string;
  readonly name: string;
  readonly run: Run;
}

/** Those policies, with how to run them. */
export const AGENTS: readonly Agent[] = GALLERY.flatMap(({ file, snapshot: { program } }) => {
  if (program?.target !== 'tracing') return [];
  const run = RUNS[program.name];
  if (!run) throw new Error(`how to run ${file}?`);
  return [{ file, name: program.name, run }];
});

/** Builds the agents into `folder`; gives their paths. */
export const buildAgents = (folder: string): readonly string[] =>
  AGENTS.flatMap(({ file }) => buildStaticAgent(join(FOLDER, file), folder));

/**
 * Shell: two guests, one woken by its timer 200 times a second and one that only computes and whose vCPU's thread is called as
 * QEMU does. Needs vmm.c.
 */
export const GUESTS = `/vmm web 20000 200 & WEB=$!
/vmm 'CPU 0/KVM' 100000 0 emulate & BATCH=$!`;

/**
 * Shell: runs each for some seconds, and samples what it does to the guests: nice value, real-time priority, scheduling policy
 * and CPUs of the threads, the cgroups' limits, KVM's halt polling. Made of what the shell has built in: a
 * process more would be slow in an emulated machine.
 */
export const agentsScript = (agents: readonly Agent[], seconds = AGENT_SECONDS): string => `
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
echo +cpu > /sys/fs/cgroup/cgroup.subtree_control
for vm in web batch; do mkdir /sys/fs/cgroup/$vm; done
echo $WEB > /sys/fs/cgroup/web/cgroup.procs
echo $BATCH > /sys/fs/cgroup/batch/cgroup.procs
for task in /proc/$BATCH/task/*; do
  read -r comm < $task/comm; [ "$comm" = emulator ] && EMULATOR=$task
done
truncate -s 262144 /tmp/memory
thread() {
  while read -r key value; do [ "$key" = Cpus_allowed_list: ] && cpus=$value; done < $1/status
  read -r stat < $1/stat; set -- \${stat#*) }
  echo -n "\${17},\${38},\${39},$cpus "
}
sample() {
  echo -n "$1 web="; thread /proc/$WEB; echo -n batch=; thread /proc/$BATCH; echo -n emulator=; thread $EMULATOR
  read -r max < /sys/fs/cgroup/batch/cpu.max; read -r poll < /sys/module/kvm/parameters/halt_poll_ns
  echo "batchmax=$max poll=$poll"
}
run() {
  name=$1; shift
  echo BEGIN $name
  /run_$name --json --seconds ${seconds} "$@" > /tmp/out & agent=$!
  while kill -0 $agent 2>/dev/null; do sample DURING; sleep 0.1; done
  wait $agent; echo STATUS $?
  sample AFTER
  cat /tmp/out
  echo END $name
}
${agents
  .map(({ name, run: { options = '', beside } }) =>
    beside === undefined
      ? `run ${name} ${options}`
      : `${beside} & BESIDE=$!\nrun ${name} ${options}\nkill $BESIDE`,
  )
  .join('\n')}
`;

/** What a run said. */
export interface AgentRun {
  /** The agent's exit status. */
  readonly status: string;
  /** Samples while it ran, and one afterwards. */
  readonly during: readonly string[];
  readonly after: string;
  /** What was counted, by the name of the counter or histogram, summed over everything that it is kept for. */
  readonly counted: ReadonlyMap<string, number>;
}

type Stats = Readonly<Record<string, number | string | { readonly count: number }>>;

/** What an agent did not do that it is to do. */
export function shortcomings(text: string, { name, run }: Agent): readonly string[] {
  const { status, during, after, counted } = agentRun(text, name);
  const { effect } = run;
  return [
    ...(status === '0' ? [] : [`it ended with status ${status}`]),
    ...run.counts.filter((counter) => !counted.get(counter)).map((counter) => `${counter} is 0`),
    ...(effect && !during.some((sample) => effect.seen.test(sample)) ? [`not seen: ${effect.says}`] : []),
    ...(effect?.seen.test(after) ? [`not undone: ${effect.says}`] : []),
  ];
}

/** Finds the run of a policy in what the machine printed. */
export function agentRun(text: string, name: string): AgentRun {
  const said = new RegExp(`BEGIN ${name}\\n(.*?)END ${name}\\n`, 's').exec(text)?.[1] ?? '';
  const report = JSON.parse(/^\{"policy".*\}$/m.exec(said)?.[0] ?? '{"stats":[]}') as { stats: Stats[] };
  const counted = new Map<string, number>();
  for (const [key, value] of report.stats.flatMap((entry) => Object.entries(entry))) {
    const more = typeof value === 'object' ? value.count : Number(value);
    counted.set(key, (counted.get(key) ?? 0) + more);
  }
  return {
    status: /^STATUS (.*)$/m.exec(said)?.[1] ?? 'none',
    during: said.split('\n').filter((line) => line.startsWith('DURING')),
    after: /^AFTER .*$/m.exec(said)?.[0] ?? '',
    counted,
  };
}
