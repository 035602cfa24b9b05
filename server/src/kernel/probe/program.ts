import { HOOKS, type HookRow } from '../catalogue.ts';
import { LOADER } from './loader.ts';

/** Where a kernel keeps the count that says in which context a CPU is. */
export type PreemptCount = '__preempt_count' | 'pcpu_hot';

/** A tracepoint that can be measured. */
export interface Probed {
  readonly row: HookRow;
  /** Index of the first argument that is a task; undefined: none. */
  readonly task: number | undefined;
}

/** All tracepoints of the catalogue, in its order; the program numbers them so. */
export const PROBED: readonly Probed[] = HOOKS.filter(({ family }) => family === 'tracepoint').map((row) => {
  const task = row.params.findIndex(([, type]) => /^(const )?struct task_struct \*$/.test(type));
  return { row, task: task < 0 ? undefined : task };
});

/** What the probe has to know of the machine. */
export interface ProbedMachine {
  readonly count: PreemptCount | undefined;
  readonly arch: 'x64' | 'arm64';
}

/** The files of the probe: a BPF program for each tracepoint, and what loads them for a while. */
export function probeFiles(
  machine: ProbedMachine,
): readonly { readonly name: string; readonly text: string }[] {
  return [
    { name: 'probe.h', text: HEADER },
    { name: 'probe.bpf.c', text: bpfText(machine) },
    { name: 'probe.c', text: LOADER },
  ];
}

const HEADER = `/* SPDX-License-Identifier: GPL-2.0 */
/* What was seen at one tracepoint, on one CPU: numbers of events. */
struct seen {
	unsigned long long events;
	unsigned long long rq_known, rq_held;		/* the run queue of this CPU */
	unsigned long long task_known, task_rq_held;	/* the run queue of the task that the event is about */
	unsigned long long pi_held;			/* and its pi_lock */
	unsigned long long irqs_known, irqs_off;
	unsigned long long count_known, unpreemptible, nested, softirq, hardirq, nmi;
	unsigned long long vcpu;			/* current is a vCPU thread */
};

/* The most tracepoints there are. */
#define PROBES ${PROBED.length}
`;

const VARIABLE: Readonly<Record<PreemptCount, string>> = {
  __preempt_count: `extern const int __preempt_count __ksym;
#define preempt_count() (*(const int *)bpf_this_cpu_ptr(&__preempt_count))`,
  pcpu_hot: `struct pcpu_hot {
	int preempt_count;
} __attribute__((preserve_access_index));
extern const struct pcpu_hot pcpu_hot __ksym;
#define preempt_count() (((const struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count)`,
};

/** A vCPU thread is one that enters a guest or that KVM tells to run. */
const marksVcpu = ({ row }: Probed): boolean =>
  ['kvm_entry', 'kvm_exit', 'kvm_userspace_exit'].includes(row.name);

function bpfText({ count, arch }: ProbedMachine): string {
  const programs = PROBED.map(
    (probed, i) => `
SEC("tp_btf/${probed.row.name}")
int probe_${i}(unsigned long long *ctx)
{
	look(${i}, ${probed.task === undefined ? '0' : `(struct task_struct *)ctx[${probed.task}]`}, ${marksVcpu(probed) ? 1 : 0});
	return 0;
}
`,
  );
  const variable = count === undefined ? '' : `#define HAVE_COUNT\n${VARIABLE[count]}\n`;
  return `${HEAD}${IRQS[arch]}${variable}${LOOK}${programs.join('')}
char LICENSE[] SEC("license") = "GPL";
`;
}

/** Interrupts in the word that bpf_local_irq_save() keeps: on while the bit has that value. */
const IRQS: Readonly<Record<ProbedMachine['arch'], string>> = {
  x64: '#define IRQ_BIT 0x200\n#define IRQ_ON 0x200\n',
  arm64: '#define IRQ_BIT 0x80\n#define IRQ_ON 0\n',
};

const HEAD = String.raw`// SPDX-License-Identifier: GPL-2.0
// Looks, at each tracepoint, whether the locks of the scheduler are held, and in which context the CPU is. Changes nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "probe.h"

#define relocated __attribute__((preserve_access_index))

typedef struct {
	int counter;
} atomic_t;

struct qspinlock {
	union {
		atomic_t val;
	};
} relocated;
typedef struct qspinlock arch_spinlock_t;

struct raw_spinlock {
	arch_spinlock_t raw_lock;
} relocated;
typedef struct raw_spinlock raw_spinlock_t;

struct rq {
	raw_spinlock_t __lock;
	int cpu;
} relocated;

struct cfs_rq {
	struct rq *rq;
} relocated;

struct sched_entity {
	struct cfs_rq *cfs_rq;
} relocated;

struct task_struct {
	int pid;
	struct sched_entity se;
	raw_spinlock_t pi_lock;
} relocated;

/* The low byte of a queued spin lock says that somebody has it, not who. */
#define held(lock) (((lock).raw_lock.val.counter & 0xff) != 0)

extern void bpf_local_irq_save(unsigned long *flags) __ksym __weak;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBES);
	__type(key, __u32);
	__type(value, struct seen);
} results SEC(".maps");

/* Threads that have run a guest, by id modulo the size: a mark that is overwritten comes again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, int);
} vcpus SEC(".maps");

`;

const LOOK = String.raw`
static __always_inline void look_at_irqs(struct seen *s)
{
	unsigned long flags, copy = IRQ_ON;

	if (!bpf_local_irq_save || !bpf_local_irq_restore)
		return;
	bpf_local_irq_save(&flags);
	bpf_probe_read_kernel(&copy, sizeof(copy), &flags);
	bpf_local_irq_restore(&flags);
	s->irqs_known++;
	s->irqs_off += (copy & IRQ_BIT) != IRQ_ON;
}

static __always_inline void look_at_context(struct seen *s)
{
#ifdef HAVE_COUNT
	int count = preempt_count();

	s->count_known++;
	s->unpreemptible += (count & 0xff) > 0;
	s->nested += (count & 0xff) > 1;
	s->softirq += (count & 0x100) != 0;
	s->hardirq += (count & 0xf0000) != 0;
	s->nmi += (count & 0xf00000) != 0;
#endif
}

static __always_inline void look_at_vcpu(struct seen *s, int pid, int marks)
{
	__u32 slot = pid & 4095;
	int *vcpu = bpf_map_lookup_elem(&vcpus, &slot);

	if (!vcpu)
		return;
	if (marks)
		*vcpu = pid;
	s->vcpu += pid != 0 && *vcpu == pid;
}

static __always_inline void look(__u32 probe, struct task_struct *p, int marks)
{
	struct seen *s = bpf_map_lookup_elem(&results, &probe);
	struct task_struct *current = bpf_get_current_task_btf();
	struct cfs_rq *queue;
	struct rq *rq;

	if (!s)
		return;
	s->events++;
	queue = current->se.cfs_rq;
	rq = queue ? queue->rq : 0;
	if (rq && rq->cpu == bpf_get_smp_processor_id()) {
		s->rq_known++;
		s->rq_held += held(rq->__lock);
	}
	if (p) {
		s->task_known++;
		s->pi_held += held(p->pi_lock);
		queue = p->se.cfs_rq;
		rq = queue ? queue->rq : 0;
		if (rq)
			s->task_rq_held += held(rq->__lock);
	}
	look_at_irqs(s);
	look_at_context(s);
	look_at_vcpu(s, current->pid, marks);
}
`;
