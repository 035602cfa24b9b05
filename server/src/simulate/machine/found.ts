/** Where a thread of the recording stands. */
export const UNSEEN = 0;
export const RUNNING = 1;
export const RUNNABLE = 2;
export const BLOCKED = 3;
export const DEAD = 4;

/** A thread of the recording, and where the extraction stands with it. */
export interface Found {
  readonly tid: number;
  readonly index: number;
  state: number;
  cpu: number;
  /** Where it was when the simulation starts. */
  firstCpu: number;
  /** Since when it runs. */
  since: number;
  /** Its open burst; −1: none. */
  burst: number;
  progress: number;
  blockedAt: number;
  /** The kernel priority that it starts with, and has now; NaN: not seen. */
  firstPrio: number;
  prio: number;
  ran: number;
  switches: number;
  /** Was it seen on more than one CPU? */
  moved: boolean;
  /** How often it was woken for its busy CPU while another one was idle. */
  passedIdle: number;
  parent: number;
  /** Who woke it for its burst, in which burst of its own, and how often that one had run by then; −1: not a task. */
  wokenBy: number;
  wakerBurst: number;
  wakerRuns: number;
  /** Whom it woke last, for which burst, and how long it had run by then; −1: nobody, or that burst is done. */
  asked: number;
  askedBurst: number;
  askedAt: number;
}

export function newFound(tid: number, index: number): Found {
  return {
    tid,
    index,
    state: UNSEEN,
    cpu: -1,
    firstCpu: -1,
    since: 0,
    burst: -1,
    progress: 0,
    blockedAt: NaN,
    firstPrio: NaN,
    prio: NaN,
    ran: 0,
    switches: 0,
    moved: false,
    passedIdle: 0,
    parent: -1,
    wokenBy: -1,
    wakerBurst: -1,
    wakerRuns: 0,
    asked: -1,
    askedBurst: -1,
    askedAt: 0,
  };
}
