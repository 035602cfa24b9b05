/** How much busier another CPU must be, of 100 (kernel/sched/topology.c: sd_init, imbalance_pct; read in a tree between 6.9 and 6.14). */
export const IMBALANCE_PCT = 117;

/** What balancing knows of a CPU: averages over the last tenths of a second, and tasks now (update_sg_lb_stats). */
export interface CpuState {
  readonly cpu: number;
  /** In load weights. */
  readonly load: number;
  /** Part of the time that fair tasks run. */
  readonly util: number;
  /** Fair tasks that run or wait. */
  readonly runnable: number;
  /** Part of the time that is left for fair tasks. */
  readonly capacity: number;
  /** Tasks of all classes, those whose dequeue is delayed too. */
  readonly tasks: number;
  /** Fair ones that run or wait. */
  readonly fair: number;
}

/** In what the imbalance is measured: load weights, part of the time, tasks (enum migration_type). */
export type Unit = 'load' | 'util' | 'task';

export interface Imbalance {
  readonly source: number;
  readonly unit: Unit;
  readonly amount: number;
}

/** What a CPU can take or has to give, the least first (enum group_type). */
const SPARE = 0;
const BUSY = 1;
/** One fair task, on a CPU that others use too (misfit). */
const REDUCED = 2;
const OVERLOADED = 3;

function classify(state: CpuState, forIdle: boolean): number {
  const { util, runnable, capacity, tasks, fair } = state;
  const crowded = capacity * IMBALANCE_PCT < runnable * 100;
  const full = capacity * 100 < util * IMBALANCE_PCT;
  if (tasks > 1 && (full || crowded)) return OVERLOADED;
  if (forIdle && fair === 1 && capacity * IMBALANCE_PCT < 100) return REDUCED;
  return tasks === 0 || (!crowded && !full) ? SPARE : BUSY;
}

/**
 * From where `local` should take how much; undefined: it is balanced (find_busiest_group, calculate_imbalance,
 * find_busiest_queue of kernel/sched/fair.c, for one domain of CPUs, since 5.5). `local` may be among the CPUs `all`.
 */
export function findImbalance(
  local: CpuState,
  all: readonly CpuState[],
  idle: boolean,
  sharesCache: boolean,
): Imbalance | undefined {
  const busiest = busiestOf(local, all, idle);
  if (!busiest) return undefined;
  const { state: from, type } = busiest;
  const source = from.cpu;
  if (type === REDUCED) return { source, unit: 'load', amount: from.load };
  const here = classify(local, false);
  if (here > type) return undefined;
  if (type !== OVERLOADED && (!idle || from.fair === 1)) return undefined;
  if (here === SPARE) {
    if (type !== OVERLOADED || sharesCache) {
      const amount = idle ? (from.tasks - local.tasks) >> 1 : 0;
      return amount > 0 ? { source, unit: 'task', amount } : undefined;
    }
    const amount = Math.max(0, local.capacity - local.util);
    return idle && amount === 0 ? { source, unit: 'task', amount: 1 } : { source, unit: 'util', amount };
  }
  const [mine, theirs] = [local.load / local.capacity, from.load / from.capacity];
  const average = averageOf(local, all);
  if (mine >= theirs || mine >= average) return undefined;
  if (here === OVERLOADED && 100 * theirs <= IMBALANCE_PCT * mine) return undefined;
  const amount = Math.min((theirs - average) * from.capacity, (average - mine) * local.capacity);
  return { source, unit: 'load', amount };
}

function busiestOf(
  local: CpuState,
  all: readonly CpuState[],
  idle: boolean,
): { readonly state: CpuState; readonly type: number } | undefined {
  let best: CpuState | undefined;
  let most = SPARE;
  for (const state of all) {
    if (state === local || state.fair === 0) continue;
    const type = classify(state, idle);
    if (best && (type < most || (type === most && !busier(type, state, best)))) continue;
    best = state;
    most = type;
  }
  return best && { state: best, type: most };
}

function busier(type: number, left: CpuState, right: CpuState): boolean {
  if (type === OVERLOADED) return left.load / left.capacity > right.load / right.capacity;
  return type === REDUCED ? left.load > right.load : type === SPARE && left.tasks > right.tasks;
}

/** The load of all CPUs for what they have for it. */
function averageOf(local: CpuState, all: readonly CpuState[]): number {
  let { load, capacity } = local;
  for (const state of all) {
    if (state === local) continue;
    load += state.load;
    capacity += state.capacity;
  }
  return load / capacity;
}
