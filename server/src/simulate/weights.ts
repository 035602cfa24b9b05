/** Load weight by nice value from −20 (kernel/sched/core.c: sched_prio_to_weight). */
const LOAD = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121,
  2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23,
  18, 15,
] as const;

/** Load weight of a nice value; nice 0 is 1024. */
export const loadOfNice = (nice: number): number => LOAD[Math.min(39, Math.max(0, nice + 20))] ?? 1024;

/** The weight that sched_ext gives a nice value: nice 0 is 100 (kernel/sched/ext.c: sched_weight_to_cgroup). */
export const weightOfNice = (nice: number): number =>
  Math.min(10_000, Math.max(1, Math.round((loadOfNice(nice) * 100) / 1024)));
