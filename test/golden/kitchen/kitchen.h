/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of kitchen and its agent share. Made from kitchen.pvpolicy; changes belong there. */
#ifndef __KITCHEN_H
#define __KITCHEN_H

#include <stdbool.h>

enum role {
	ROLE_BATCH = 0,
	ROLE_LATENCY = 1,
	ROLE_REALTIME = 7,
};

enum pv_action {
	PV_BOOST = 1,
	PV_SET_NICE,
	PV_SET_WEIGHT,
	PV_SET_UCLAMP,
	PV_PIN,
	PV_UNPIN,
	PV_CAP,
	PV_SIGNAL,
};

enum pv_event {
	PV_EVENT_HEAVY_LOAD,
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

#define PV_SLOTS 64

/* Slot i counts values from 2^i up to 2^(i+1), slot 0 also 0. */
struct pv_histogram {
	__u64 slot[PV_SLOTS];
	__u64 sum;
};

/* Counted for all. */
struct global_stats {
	__u64 events;
	struct pv_histogram lengths;
};

/* Counted per cpu. */
struct cpu_stats {
	__u64 per_cpu;
} __attribute__((aligned(64)));	/* each CPU writes to a cache line of its own */

/* Counted per task. */
struct task_stats {
	__u64 per_task;
};

/* Counted per vcpu. */
struct vcpu_stats {
	__u64 per_vcpu;
};

/* Counted per vm. */
struct vm_stats {
	__u64 per_vm;
	struct pv_histogram vm_lengths;
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

#endif /* __KITCHEN_H */
