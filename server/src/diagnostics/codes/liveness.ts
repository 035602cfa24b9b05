import { error, warning } from '../entry.ts';

/** PV5xxx: a task, a boost or a resource could be lost. */
export const LIVENESS = {
  PV5001: error<{ task: string; hook: string }>(
    'task that may be lost',
    (a) =>
      `a path through '${a.hook}' inserts ${a.task} into no queue: it would never run again, and the watchdog would eject the scheduler; insert it, or keep it in a list and dispatch it later`,
  ),
  PV5002: error<{ task: string; hook: string }>(
    'task inserted twice',
    (a) =>
      `a path through '${a.hook}' has inserted ${a.task} already: the kernel ejects a scheduler that inserts a task twice; return after the first insertion`,
  ),
  PV5003: error<{ dsq: string }>(
    'queue that nobody takes from',
    (a) =>
      `tasks are put into ${a.dsq}, and nothing moves them on: they would never run; write scx_bpf_dsq_move_to_local(${a.dsq}) in 'on op dispatch'`,
  ),
  PV5004: error<{ cpu: string; task: string }>(
    'CPU that the task may not run on',
    (a) =>
      `nothing here says that '${a.task}' may run on '${a.cpu}': the kernel ejects a scheduler that inserts a task where its affinity does not let it run; test 'can_run_on(${a.task}, ${a.cpu})' first`,
  ),
  PV5005: warning<{ slice: string }>(
    'slice without an end',
    (a) =>
      `a task with ${a.slice} keeps its CPU until it sleeps, and nothing in this policy takes a CPU away: others may starve until the watchdog ejects it; give a shorter slice, or kick the CPU with SCX_KICK_PREEMPT when others wait`,
  ),
  PV5006: error<{ call: string; queue: string; order: string }>(
    'queue of another order',
    (a) =>
      `${a.call}() does not fit ${a.queue}, which is ${a.order}: the kernel ejects a scheduler that mixes the two orders in one queue, or orders a built-in queue by virtual time`,
  ),
  PV5007: error<{ call: string; queue: string }>(
    'no queue of the policy',
    (a) =>
      `${a.call}() takes tasks from a queue that the policy declares, and ${a.queue} is the kernel's own: it would eject the scheduler; declare a queue with 'dsq NAME'`,
  ),
  PV5008: error<Cost>(
    'loop that stalls the CPU',
    (a) =>
      `one run of '${a.hook}' may take ${a.cost} operations, mostly in this loop, and it ${a.context}: more than ${a.limit} stall the CPU until the watchdog or the lockup detector strikes; bound the loop with a smaller 'max', or move it to 'every'`,
  ),
  PV5009: warning<Cost>(
    'long loop',
    (a) =>
      `one run of '${a.hook}' may take ${a.cost} operations, mostly in this loop, and it ${a.context}: beyond ${a.limit} others notice the delay; bound the loop with a smaller 'max', or move it to 'every'`,
  ),
  PV5010: warning<{ low: string; high: string }>(
    'queue that another may starve',
    (a) =>
      `tasks are taken from ${a.low} only when ${a.high} is empty, and nothing bounds how often a task goes into ${a.high}: with more of them than CPUs, those in ${a.low} never run, and the watchdog ejects the scheduler; take from ${a.low} first every now and then, or give each task of ${a.high} a budget`,
  ),
  PV5011: warning<{ which: string; dsq: string; stuck: string }>(
    'queue that only some CPUs take from',
    (a) =>
      `${a.which} from ${a.dsq}, and a task goes into it whatever CPUs it may run on: ${a.stuck} would never run; let every CPU take from it, or look at p.cpus_ptr before the insertion`,
  ),
  PV5012: warning<{ low: string; high: string }>(
    'queue that a guest may starve',
    (a) =>
      `a hint of the guest decides what goes into ${a.high}, and tasks are taken from ${a.low} only when that is empty: a guest that always asks starves everybody in ${a.low}; give each VM a budget, and test it beside the hint`,
  ),
  PV5013: error<object>(
    'kick that stops everybody',
    () =>
      'each task that begins to run has its CPU taken away at once, so no task gets anything done, and the watchdog ejects the scheduler; kick only under a condition, or give a shorter slice',
  ),
  PV5014: error<{ dsq: string }>(
    'queue that is destroyed',
    (a) =>
      `${a.dsq} is made when the scheduler starts, and whatever is put into it after this call ejects the scheduler; leave the call out: the kernel destroys all queues at the end`,
  ),
  PV5015: warning<{ call: string }>(
    'task that is sent back for ever',
    (a) =>
      `${a.call} sends tasks back to 'on op enqueue', which sends them back again: the kernel ejects a scheduler that does so 256 times before the task has run; test 'enq_flags has SCX_ENQ_REENQ' first`,
  ),
  PV5016: warning<{ hook: string }>(
    'boost that never ends',
    (a) =>
      `'${a.hook}' fires all the time, and each time it boosts again, so 'for' bounds nothing: the thread stays in the real-time class for good; test whether it is boosted already, or count its boosts`,
  ),
  PV5017: warning<{ hook: string }>(
    'boost that the guest decides',
    (a) =>
      `in '${a.hook}' nothing but a hint of the guest decides about the boost: a guest that always asks has it for good; give each VM a budget, and test it beside the hint`,
  ),
  PV5018: warning<{ slice: string; shortest: string }>(
    'slice that is too short',
    (a) =>
      `a slice of ${a.slice} is over before the task has got anything done: below ${a.shortest} the CPU does little but switch; give a longer one, or leave 0 to a store to p.scx.slice, which ends a turn`,
  ),
  PV5019: warning<{ never: boolean }>(
    'idle CPU that is claimed and not used',
    (a) =>
      `the call takes the CPU out of the record of idle ones, and ${a.never ? 'nothing here uses it' : 'a path from here leaves it unused'}: it stays idle, and no other task finds it, until something else runs there; insert the task there, kick it, or return it`,
  ),
  PV5020: warning<{ most: string; room: string }>(
    'more insertions than dispatch can hold',
    (a) =>
      `one run of 'on op dispatch' may insert ${a.most} tasks, and the kernel holds ${a.room} of them back until it ends: one more ejects the scheduler; bound the loop with 'max ${a.room}', or move tasks to the local queue in between`,
  ),
  PV5021: error<{ list: string }>(
    'list that nobody takes from',
    (a) =>
      `the task is kept in ${a.list}, and nothing in the policy reads ${a.list}: it would never run again, and the watchdog would eject the scheduler; dispatch what is in ${a.list} in 'on op dispatch'`,
  ),
  PV5022: warning<{ to: string }>(
    'CPU that may not exist',
    (a) =>
      `nothing here says that the machine has a CPU of this number, and ${a.to}: the kernel ejects a scheduler for one that it has not; compare it with scx_bpf_nr_cpu_ids() first, or take the remainder`,
  ),
  PV5023: warning<{ queue: string; why: string }>(
    'task that always goes first',
    (a) =>
      `${a.why}, so a task of ${a.queue} that never sleeps is ahead of others for good: with more of them than CPUs, those behind never run, and the watchdog ejects the scheduler; let the place depend on the time that a task has run, such as p.scx.dsq_vtime`,
  ),
  PV5024: warning<object>(
    'kick that comes back',
    () =>
      "a task whose CPU is taken away comes back to 'on op enqueue', which takes the next one's: tasks stop each other without end, and none gets on; kick only after a wake-up (enq_flags has SCX_ENQ_WAKEUP), or compare the two tasks first",
  ),
  PV5025: warning<{ list: string; why: string }>(
    'list that may lose a task',
    (a) =>
      `${a.list} may not take the task, since ${a.why}: the task would be in no queue and no list, and never run again; declare a queue with 'dsq NAME', or keep a list of each CPU and test its len first`,
  ),
};

/** Upper bounds of the operations of one run. */
interface Cost {
  readonly hook: string;
  readonly context: string;
  readonly cost: string;
  readonly limit: string;
}
