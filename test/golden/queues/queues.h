/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of queues and its agent share. Made from queues.pvpolicy; changes belong there. */
#ifndef __QUEUES_H
#define __QUEUES_H

#include <stdbool.h>

#define PV_SLOTS 64

/* Slot i counts values from 2^i up to 2^(i+1), slot 0 also 0. */
struct pv_histogram {
	__u64 slot[PV_SLOTS];
	__u64 sum;
};

/* Counted for all. */
struct global_stats {
	struct pv_histogram ran;
};

/* Counted per cpu. */
struct cpu_stats {
	__u64 kicked;
} __attribute__((aligned(64)));	/* each CPU writes to a cache line of its own */

/* A thread that is a vCPU, and its number in its VM. */
struct pv_meeting {
	__u32 tid;
	__u32 number;
};

/* What the programs could not do. */
struct pv_health {
	__u64 requests_dropped;	/* the agent was too far behind */
	__u64 states_lost;	/* no room or memory for the state of an entity */
	__u64 stats_lost;	/* no room or memory for counters of an entity */
	__u64 updates_lost;	/* too many CPUs updated one value at once */
};

/* Why the kernel stopped the scheduler. */
struct pv_exit {
	__s32 kind;		/* SCX_EXIT_*; 0 while it runs */
	__s64 code;
	char reason[128];
	char message[1024];
};

#endif /* __QUEUES_H */
