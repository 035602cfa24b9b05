/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of both_ends and its agent share. Made from both_ends.pvpolicy; changes belong there. */
#ifndef __BOTH_ENDS_H
#define __BOTH_ENDS_H

#include <stdbool.h>

enum pv_action {
	PV_BOOST = 1,
	PV_UNBOOST,
};

/* What the policy asks the agent to do. */
struct pv_request {
	__u64 at;		/* when it asked, ns of CLOCK_MONOTONIC */
	__u64 until;		/* when it ends, likewise; 0: never by itself */
	__u32 action;		/* enum pv_action */
	__u32 line;		/* of the policy */
	__u32 tid;
	__u32 tgid;
	__s64 arg[2];		/* boost: policy, priority; others: their numbers in order */
};

/* Counted for all. */
struct global_stats {
	__u64 boosts;
};

/* A thread that is a vCPU, and its number in its VM. */
struct pv_meeting {
	__u32 tid;
	__u32 number;
};

/* Of each vCPU. The guest writes it, the host reads it. */
struct hint {
	__u8 rt_running;
	__u32 depth;
	/* Changes that have begun, and those that are done: while they differ the rest is in the making. */
	__u32 pv_begun;
	__u32 pv_done;
} __attribute__((aligned(64)));

/* Of each vCPU. The host writes it, the guest reads it. */
struct feedback {
	__u8 boosted;
	__u64 load;
	/* Changes that have begun, and those that are done: while they differ the rest is in the making. */
	__u32 pv_begun;
	__u32 pv_done;
} __attribute__((aligned(64)));

enum pv_found {
	PV_NO_PAGE,
	PV_TORN_PAGE,
	PV_SAME_PAGE,
	PV_PAGE,
};

/* Asks for the page of a thread, of which so many changes were shown before, and takes it. */
struct pv_fetch {
	__u32 tid;
	__u32 shown;
	__u32 found;	/* enum pv_found */
	struct feedback page;
};

/* What a CPU of the guest was told: the page of this turn is whole, the other one may be in the making. */
struct pv_told {
	struct feedback page[2];
	__u32 turn;
};

/* What the programs could not do. */
struct pv_health {
	__u64 requests_dropped;	/* the agent was too far behind */
	__u64 states_lost;	/* no room or memory for the state of an entity */
	__u64 stats_lost;	/* no room or memory for counters of an entity */
	__u64 updates_lost;	/* too many CPUs updated one value at once */
};

#endif /* __BOTH_ENDS_H */
