/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of guarded and its agent share. Made from guarded.pvpolicy; changes belong there. */
#ifndef __GUARDED_H
#define __GUARDED_H

#include <stdbool.h>

/* Counted for all. */
struct global_stats {
	__u64 rounds;
};

/* What the programs could not do. */
struct pv_health {
	__u64 requests_dropped;	/* the agent was too far behind */
	__u64 states_lost;	/* no room or memory for the state of an entity */
	__u64 stats_lost;	/* no room or memory for counters of an entity */
	__u64 updates_lost;	/* too many CPUs updated one value at once */
	__u64 calls_refused;	/* a hook had interrupted another */
};

#endif /* __GUARDED_H */
