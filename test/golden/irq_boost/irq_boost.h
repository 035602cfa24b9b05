/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of irq_boost and its agent share. Made from irq_boost.pvpolicy; changes belong there. */
#ifndef __IRQ_BOOST_H
#define __IRQ_BOOST_H

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

#define PV_SLOTS 64

/* Slot i counts values from 2^i up to 2^(i+1), slot 0 also 0. */
struct pv_histogram {
	__u64 slot[PV_SLOTS];
	__u64 sum;
};

/* Counted per vm. */
struct vm_stats {
	__u64 boosts;
	struct pv_histogram boost_length;
};

/* Of each vCPU. The guest writes it, the host reads it. */
struct hint {
	/* The guest runs with interrupts off. */
	__u8 irqs_off;
	/* The guest runs with preemption off. */
	__u8 preempt_off;
	/* The guest runs a real-time task. */
	__u8 rt_running;
	/* Changes that have begun, and those that are done: while they differ the rest is in the making. */
	__u32 pv_begun;
	__u32 pv_done;
} __attribute__((aligned(64)));

/* What the programs could not do. */
struct pv_health {
	__u64 requests_dropped;	/* the agent was too far behind */
	__u64 states_lost;	/* no room or memory for the state of an entity */
	__u64 stats_lost;	/* no room or memory for counters of an entity */
	__u64 updates_lost;	/* too many CPUs updated one value at once */
};

#endif /* __IRQ_BOOST_H */
