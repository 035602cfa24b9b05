/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of returns and its agent share. Made from returns.pvpolicy; changes belong there. */
#ifndef __RETURNS_H
#define __RETURNS_H

#include <stdbool.h>

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

#endif /* __RETURNS_H */
