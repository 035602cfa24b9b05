import type { Value } from '../../emit/executor/host.ts';
import { className } from '../../emit/executor/classes.ts';
import { has } from '../../emit/executor/masks.ts';
import type { CpuSet, Machine, Policy, SimTask } from '../machine/types.ts';
import { weightOfNice } from '../weights.ts';

/** How long the agent takes from a request to its system call, ns: evenly spread over this span. */
export interface AgentDelay {
  readonly from: number;
  readonly to: number;
}

/** What an action needs. */
export interface Delivery {
  readonly machine: Machine;
  /** Actions that the program does itself, at once; the agent does the others. */
  readonly inline: ReadonlySet<string>;
  readonly delay: AgentDelay;
  /** Notes, once each, what the model leaves out. */
  readonly note: (what: string, instead: string) => void;
  /** Of sched_ext only: does what the class itself does. */
  readonly kick: (cpu: number) => void;
  readonly setSlice: (task: SimTask, slice: number) => void;
}

/** Settings of a thread before the policy changed them. */
interface Before {
  readonly policy: Policy;
  readonly priority: number;
}

/** Carries out what a policy asks for, with the delay of whoever does it. */
export interface Deliverer {
  /** `name` is the action's; `args` are in the order of its parameters. */
  readonly ask: (name: string, args: readonly Value[]) => void;
  /** Undoes everything, as the agent does when it ends. */
  readonly undo: () => void;
}

export function newDeliverer(delivery: Delivery): Deliverer {
  const { machine, inline, delay } = delivery;
  const acts = actions(delivery);
  const random = samples();
  let busyUntil = 0;
  return {
    ask: (name, args) => {
      const act = acts.perform[name];
      if (!act) return;
      const now = machine.now;
      if (inline.has(name)) {
        machine.callAt(now, () => act(args, now));
        return;
      }
      // One agent: requests are done in the order of their asking.
      busyUntil = Math.max(busyUntil, now + Math.round(delay.from + random() * (delay.to - delay.from)));
      machine.callAt(busyUntil, () => act(args, now));
    },
    undo: acts.undo,
  };
}

/** Numbers from 0 to 1, the same in every run (32 bits of xorshift). */
function samples(): () => number {
  let x = 0x9e3779b9 | 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** `asked`: when the policy asked for it. */
type Act = (args: readonly Value[], asked: number) => void;

interface Actions {
  readonly perform: Readonly<Record<string, Act | undefined>>;
  readonly undo: () => void;
}

function actions({ machine, note, kick, setSlice }: Delivery): Actions {
  const boosted = new Map<SimTask, { readonly before: Before; cancel: () => void }>();
  const pinned = new Map<SimTask, CpuSet | undefined>();
  const priorityOf = (task: SimTask): number => task.rtPriority || task.nice;

  const endBoost = (task: SimTask): void => {
    const boost = boosted.get(task);
    if (!boost) return;
    boosted.delete(task);
    boost.cancel();
    machine.setScheduler(task, boost.before.policy, boost.before.priority);
  };
  // A boost ends at the time that the program gave its request, however late the agent comes to it.
  const boost = (task: SimTask, policy: Policy, priority: number, until: number): void => {
    if (until <= machine.now) return;
    const old = boosted.get(task);
    old?.cancel();
    const before = old?.before ?? { policy: task.policy, priority: priorityOf(task) };
    boosted.set(task, { before, cancel: machine.callAt(until, () => endBoost(task)) });
    machine.setScheduler(task, policy, isRealTime(policy) ? priority : 0);
  };
  const setNice = (task: SimTask, nice: number): void => {
    const old = boosted.get(task);
    if (old) boosted.set(task, { ...old, before: { ...old.before, priority: nice } });
    else machine.setScheduler(task, task.policy, nice);
  };
  const about =
    (act: (task: SimTask, args: readonly Value[], asked: number) => void): Act =>
    (args, asked) => {
      const task = machine.taskOf(Number(args[0]));
      if (task) act(task, args, asked);
    };
  const leftOut =
    (what: string): Act =>
    () =>
      note(`the effect of ${what}`, 'none');

  return {
    perform: {
      boost: about((task, [, schedClass, prio, length], asked) =>
        boost(task, policyOf(Number(schedClass)), Number(prio), asked + Number(length)),
      ),
      unboost: about(endBoost),
      set_nice: about((task, [, nice]) => setNice(task, Number(nice))),
      set_weight: about((task, [, weight]) => setNice(task, niceOfWeight(Number(weight)))),
      set_slice: about((task, [, slice]) => setSlice(task, Number(slice))),
      pin: about((task, [, wanted]) => {
        const set = cpuSet(typeof wanted === 'bigint' ? wanted : 0n, machine.cpus);
        if (!set.includes(1)) return;
        if (!pinned.has(task)) pinned.set(task, task.allowed);
        machine.setAffinity(task, set);
      }),
      unpin: about((task) => {
        if (!pinned.has(task)) return;
        machine.setAffinity(task, pinned.get(task));
        pinned.delete(task);
      }),
      kick: ([cpu]) => kick(Number(cpu)),
      set_uclamp: leftOut('set_uclamp (the model has no frequencies)'),
      cap: leftOut('cap (the model has no bandwidth control)'),
      set_halt_poll: leftOut('set_halt_poll (polling is part of the recorded demand)'),
      core_tag: leftOut('core_tag (the model has no SMT)'),
      signal: () => undefined,
    },
    undo: () => {
      for (const task of [...boosted.keys()]) endBoost(task);
      for (const [task, allowed] of pinned) machine.setAffinity(task, allowed);
      pinned.clear();
    },
  };
}

const isRealTime = (policy: Policy): boolean => policy === 'FIFO' || policy === 'RR';

function policyOf(schedClass: number): Policy {
  const name = className(schedClass);
  return name === 'FIFO' || name === 'RR' || name === 'BATCH' || name === 'IDLE' || name === 'EXT'
    ? name
    : 'NORMAL';
}

/** The nice value whose sched_ext weight is nearest (100 is nice 0), as the agent takes it. */
function niceOfWeight(weight: number): number {
  let best = 0;
  for (let nice = -20; nice < 20; nice++)
    if (Math.abs(weightOfNice(nice) - weight) < Math.abs(weightOfNice(best) - weight)) best = nice;
  return best;
}

function cpuSet(mask: bigint, cpus: number): CpuSet {
  return Uint8Array.from({ length: cpus }, (_, cpu) => (has(mask, cpu) ? 1 : 0));
}
