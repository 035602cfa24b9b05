/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver interface of the paravirt scheduling patches (RFC v2, April 2024), as far as a driver in BPF uses it.
 * No released kernel has it.
 */
#ifndef __PVSCHED_H
#define __PVSCHED_H

#define PVSCHED_NAME_MAX 32

enum pvsched_vcpu_events {
	PVSCHED_VCPU_VMENTER = 0x1,
	PVSCHED_VCPU_VMEXIT = 0x2,
	PVSCHED_VCPU_HALT = 0x4,
	PVSCHED_VCPU_INTR_INJ = 0x8,	/* declared, but no code of the patches calls it */
};

struct pid;

struct pvsched_vcpu_ops {
	int (*pvsched_vcpu_register)(struct pid *pid);
	void (*pvsched_vcpu_unregister)(struct pid *pid);
	void (*pvsched_vcpu_notify_event)(void *addr, struct pid *pid, __u32 event);
	char name[PVSCHED_NAME_MAX];
	__u32 events;
};

#endif /* __PVSCHED_H */
