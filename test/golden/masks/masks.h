/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of masks and its agent share. Made from masks.pvpolicy; changes belong there. */
#ifndef __MASKS_H
#define __MASKS_H

#include <stdbool.h>

enum pv_action {
	PV_PIN = 1,
};

#define PV_MASK_WORDS 16	/* of 64 CPUs */

/* What the policy asks the agent to do. */
struct pv_request {
	__u64 at;		/* when it asked, ns of CLOCK_MONOTONIC */
	__u64 until;		/* when it ends, likewise; 0: never by itself */
	__u32 action;		/* enum pv_action */
	__u32 line;		/* of the policy */
	__u32 tid;
	__u32 tgid;
	__s64 arg[2];		/* boost: policy, priority; others: their numbers in order */
	__u64 mask[PV_MASK_WORDS];
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

#endif /* __MASKS_H */
