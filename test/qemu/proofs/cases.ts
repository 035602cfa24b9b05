import type { Kernel } from '../vm.ts';

/** What the kernel makes of a program. */
export type Outcome = 'refused' | 'ejected' | 'hung' | 'runs';

export interface Proof {
  /** Of the objects and of the row in docs/proof.md. */
  readonly name: string;
  /** The code that rejects it, or what makes it impossible to write. */
  readonly code?: string;
  readonly impossible?: string;
  readonly kernel: Kernel;
  /** The wrong and the corrected program: of the page of `code` unless named here. */
  readonly wrong?: Program;
  readonly right?: Program;
  readonly outcome: Outcome;
  /** What the kernel says of the wrong program, in its log or the verifier's. */
  readonly says?: RegExp;
  /** A scheduler of sched_ext that has to run meanwhile. */
  readonly scheduler?: boolean;
  /** Shell commands that run beside it, and are ended with it: four loops that want all CPUs unless said. */
  readonly beside?: readonly string[];
}

/** A policy of this folder whose C may be changed before it is compiled, or C written by hand with macros defined. */
export type Program =
  | { readonly policy: string; readonly edit?: (c: string) => string }
  | { readonly c: string; readonly defines: readonly string[] };

const HOG = 'while :; do :; done';
/** A thread that sleeps and wakes up on one CPU. */
const PINNED = `exec taskset 1 sh -c 'while :; do sleep 0.1; done'`;
export const HOGS: readonly string[] = [HOG, HOG, HOG, HOG];
/** Four that are bound to one CPU each. */
const BOUND = ['1', '2', '1', '2'].map((mask) => `exec taskset ${mask} sh -c '${HOG}'`);
/** Threads that come and go. */
const COMING = 'while :; do sleep 0.1; done';

/**
 * What a policy cannot say, put into the C of one that checks clean. The other side is that policy as it is compiled.
 */
const impossible = (
  name: string,
  why: string,
  file: string,
  says: RegExp,
  edit: (c: string) => string,
): Proof => ({
  name,
  kernel: 'newest',
  outcome: 'ejected',
  says,
  beside: [COMING, ...HOGS],
  impossible: why,
  wrong: { policy: file, edit },
  right: { policy: file },
});

/** Changes what has to be there. */
const replaced =
  (from: string, to: string) =>
  (c: string): string => {
    if (!c.includes(from)) throw new Error(`the C has no '${from}'`);
    return c.replace(from, to);
  };

/** Programs that the verifier accepts, and that the rules reject, in the order in which they run. The last hangs. */
export const PROOFS: readonly Proof[] = [
  ejected('no-exit', 'PV5003', /runnable task stall|failed to run for|watchdog failed/),
  ejected('lost', 'PV5001', /failed to run for|watchdog failed/, { beside: [...HOGS, PINNED] }),
  ejected('twice', 'PV5002', /already direct-dispatched/),
  ejected('wrong-cpu', 'PV5004', /target CPU \d+ not allowed for/),
  ejected('endless-slice', 'PV5005', /failed to run for|watchdog failed/),
  ejected('mixed-orders', 'PV5006', /already had (PRIQ|FIFO)-enqueued tasks/),
  ejected('kernels-queue', 'PV5007', /invalid DSQ ID/, { beside: [PINNED] }),
  ejected('strict-priority', 'PV5010', /failed to run for|watchdog failed/, { beside: [...BOUND, ...HOGS] }),
  ejected('some-cpus', 'PV5011', /failed to run for|watchdog failed/),
  ejected('preempts-itself', 'PV5013', /failed to run for|watchdog failed/),
  ejected('destroyed', 'PV5014', /destroy in-use dsq|non-existent DSQ/, { beside: [COMING, ...HOGS] }),
  ejected('sent-back', 'PV5015', /reenqueued \d+ times without running/),
  ejected('kick-flags', 'PV4027', /cannot be used with SCX_KICK_IDLE/),
  ejected('long-loop', 'PV5008', /watchdog failed|failed to run for|soft lockup|RCU/),
  ejected('head-of-queue', 'PV5023', /failed to run for|watchdog failed/),
  ejected('stops-the-next', 'PV5024', /failed to run for|watchdog failed/),
  ejected('no-such-cpu', 'PV5022', /invalid CPU -?\d+ from ops.select_cpu/),
  impossible(
    'number-for-a-cpu',
    'a number that is no CPU is an error ([PV3006](diagnostics/PV3006.md))',
    'returns_cpu.pvpolicy',
    /invalid CPU 9999/,
    replaced('return prev_cpu;', 'return 9999;'),
  ),
  impossible(
    'never-created',
    'queues are declared, and made before the first task comes',
    'returns_cpu.pvpolicy',
    /non-existent DSQ/,
    replaced('return scx_bpf_create_dsq(DSQ_SHARED_QUEUE, -1);', 'return 0;'),
  ),
  impossible(
    'underflow',
    'subtraction of times stops at zero',
    'charges_time.pvpolicy',
    /failed to run for|watchdog failed/,
    replaced('if (a > b) {', 'if (a != b) {'),
  ),
  refused('move-in-enqueue', 'PV4010', /scx_bpf_dsq_move_to_local.* is not allowed/),
  refused('create-in-dispatch', 'PV4011', /scx_bpf_create_dsq is not allowed/),
  { ...hung('frequency-in-switch', 'PV4001', 'newest'), scheduler: true },
  {
    ...hung('work-queue-in-switch', 'PV4003', 'stable'),
    wrong: { c: 'work_queue.bpf.c', defines: ['HOOK="sched_switch"'] },
    right: { c: 'work_queue.bpf.c', defines: ['HOOK="sched_process_exec"'] },
  },
];

function ejected(name: string, code: string, says: RegExp, more: Partial<Proof> = {}): Proof {
  return { name, code, kernel: 'newest', outcome: 'ejected', says, ...more };
}

function refused(name: string, code: string, says: RegExp): Proof {
  return { name, code, kernel: 'newest', outcome: 'refused', says };
}

function hung(name: string, code: string, kernel: Kernel): Proof {
  return { name, code, kernel, outcome: 'hung' };
}
