/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of awkward_names and its agent share. Made from awkward_names.pvpolicy; changes belong there. */
#ifndef __AWKWARD_NAMES_H
#define __AWKWARD_NAMES_H

#include <stdbool.h>

enum pv_switch {
	SWITCH_DEFAULT = 0,
	SWITCH_case = 5,
	SWITCH_Case = 6,
};

enum pv_action {
	PV_SIGNAL = 1,
};

enum pv_event {
	PV_EVENT_A_B,
	PV_EVENT_A_B_1,
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

#define PV_SLOTS 64

/* Slot i counts values from 2^i up to 2^(i+1), slot 0 also 0. */
struct pv_histogram {
	__u64 slot[PV_SLOTS];
	__u64 sum;
};

/* Counted for all. */
struct global_stats {
	__u64 pv_volatile;
	struct pv_histogram pv_long;
};

/* Counted per vm. */
struct vm_stats {
	__u64 pv_register;
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

#endif /* __AWKWARD_NAMES_H */
