/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of loops and its agent share. Made from loops.pvpolicy; changes belong there. */
#ifndef __LOOPS_H
#define __LOOPS_H

#include <stdbool.h>

/* Counted for all. */
struct global_stats {
	__u64 rounds;
};

/* The name of a thread, padded with zeros. */
struct pv_comm {
	union {
		char text[16];
		__u64 word[2];
	};
};

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

#endif /* __LOOPS_H */
