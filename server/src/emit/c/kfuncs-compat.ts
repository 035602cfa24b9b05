/**
 * Kernel functions of sched_ext that were renamed or changed shape, under the name that policies write. libbpf (from
 * 1.3 on) drops the last `___suffix` of an extern's name when it looks for the kernel's; a weak extern that the
 * kernel lacks is NULL, and the verifier never sees the branch. Versions: `kernel/renames.ts`.
 */
const simple = (
  name: string,
  old: string,
  result: string,
  params: string,
  args: string,
): string => `${result} ${name}___new(${params}) __ksym __weak;
${result} ${old}___old(${params}) __ksym __weak;

/* ${old}() until 6.13. */
static __always_inline ${result} ${name}(${params})
{
	if (bpf_ksym_exists(${name}___new))
		${result === 'void' ? '' : 'return '}${name}___new(${args});
	${result === 'void' ? 'else\n\t\t' : 'return '}${old}___old(${args});
}`;

/** Version 2 of a function: libbpf takes one suffix off the name. */
function named(name: string, result: string, params: string): string {
  return `${result} ${name}___v2___new(${params}) __ksym;\n#define ${name} ${name}___v2___new`;
}

const ITER = 'struct bpf_iter_scx_dsq *it';
const MOVE = `${ITER}, struct task_struct *p, u64 dsq_id, u64 enq_flags`;

export const COMPAT: Readonly<Record<string, string>> = {
  scx_bpf_dsq_insert: `bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch() until 6.13; says whether it inserted from 6.19 on. */
static __always_inline bool scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		return scx_bpf_dsq_insert___v2___new(p, dsq_id, slice, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
		scx_bpf_dsq_insert___v1(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dispatch___old(p, dsq_id, slice, enq_flags);
	return true;
}`,
  scx_bpf_dsq_insert_vtime: `struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
void scx_bpf_dsq_insert_vtime___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags) __ksym __weak;

/* scx_bpf_dispatch_vtime() until 6.13; a struct of arguments from 6.19 on. */
static __always_inline void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq_id,
			.slice = slice,
			.vtime = vtime,
			.enq_flags = enq_flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___v1)) {
		scx_bpf_dsq_insert_vtime___v1(p, dsq_id, slice, vtime, enq_flags);
	} else {
		scx_bpf_dispatch_vtime___old(p, dsq_id, slice, vtime, enq_flags);
	}
}`,
  scx_bpf_dsq_move_to_local: `bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id) __ksym __weak;
bool scx_bpf_consume___old(u64 dsq_id) __ksym __weak;

/* scx_bpf_consume() until 6.13; takes flags from 7.1 on. */
static __always_inline bool scx_bpf_dsq_move_to_local(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		return scx_bpf_dsq_move_to_local___v2___new(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v1))
		return scx_bpf_dsq_move_to_local___v1(dsq_id);
	return scx_bpf_consume___old(dsq_id);
}`,
  scx_bpf_dsq_move: simple(
    'scx_bpf_dsq_move',
    'scx_bpf_dispatch_from_dsq',
    'bool',
    MOVE,
    'it, p, dsq_id, enq_flags',
  ),
  scx_bpf_dsq_move_vtime: simple(
    'scx_bpf_dsq_move_vtime',
    'scx_bpf_dispatch_vtime_from_dsq',
    'bool',
    MOVE,
    'it, p, dsq_id, enq_flags',
  ),
  scx_bpf_dsq_move_set_slice: simple(
    'scx_bpf_dsq_move_set_slice',
    'scx_bpf_dispatch_from_dsq_set_slice',
    'void',
    `${ITER}, u64 slice`,
    'it, slice',
  ),
  scx_bpf_dsq_move_set_vtime: simple(
    'scx_bpf_dsq_move_set_vtime',
    'scx_bpf_dispatch_from_dsq_set_vtime',
    'void',
    `${ITER}, u64 vtime`,
    'it, vtime',
  ),
  scx_bpf_select_cpu_and: `struct scx_bpf_select_cpu_and_args {
	s32 prev_cpu;
	u64 wake_flags;
	u64 flags;
};

s32 __scx_bpf_select_cpu_and(struct task_struct *p, const struct cpumask *cpus_allowed,
			     struct scx_bpf_select_cpu_and_args *args) __ksym __weak;
s32 scx_bpf_select_cpu_and___v1(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
				const struct cpumask *cpus_allowed, u64 flags) __ksym __weak;

/* From 6.16 on; a struct of arguments from 6.19 on. */
static __always_inline s32 scx_bpf_select_cpu_and(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
						  const struct cpumask *cpus_allowed, u64 flags)
{
	if (bpf_ksym_exists(__scx_bpf_select_cpu_and)) {
		struct scx_bpf_select_cpu_and_args args = {
			.prev_cpu = prev_cpu,
			.wake_flags = wake_flags,
			.flags = flags,
		};

		return __scx_bpf_select_cpu_and(p, cpus_allowed, &args);
	}
	return scx_bpf_select_cpu_and___v1(p, prev_cpu, wake_flags, cpus_allowed, flags);
}`,
  scx_bpf_reenqueue_local: `void scx_bpf_reenqueue_local___v2___new(void) __ksym __weak;
u32 scx_bpf_reenqueue_local___v1(void) __ksym __weak;

/* Only from cpu_release until 6.19. */
static __always_inline void scx_bpf_reenqueue_local(void)
{
	if (bpf_ksym_exists(scx_bpf_reenqueue_local___v2___new))
		scx_bpf_reenqueue_local___v2___new();
	else
		scx_bpf_reenqueue_local___v1();
}`,
  scx_bpf_task_set_slice: `bool scx_bpf_task_set_slice___new(struct task_struct *p, u64 slice) __ksym __weak;

/* A store to the field until 6.19. */
static __always_inline void scx_bpf_task_set_slice(struct task_struct *p, u64 slice)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice___new))
		scx_bpf_task_set_slice___new(p, slice);
	else
		p->scx.slice = slice;
}`,
  scx_bpf_task_set_dsq_vtime: `bool scx_bpf_task_set_dsq_vtime___new(struct task_struct *p, u64 vtime) __ksym __weak;

/* A store to the field until 6.19. */
static __always_inline void scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime___new))
		scx_bpf_task_set_dsq_vtime___new(p, vtime);
	else
		p->scx.dsq_vtime = vtime;
}`,
};

/** Kernel fields that a wrapper stores to. */
export const COMPAT_FIELDS: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  scx_bpf_task_set_slice: ['task_struct', ['scx', 'slice']],
  scx_bpf_task_set_dsq_vtime: ['task_struct', ['scx', 'dsq_vtime']],
};

/** The one form that all kernels from `since` on have, for policies that require such a kernel. */
export const MODERN: Readonly<Record<string, { readonly since: string; readonly code: string }>> = {
  scx_bpf_dsq_insert: {
    since: '6.19',
    code: named('scx_bpf_dsq_insert', 'bool', 'struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags'),
  },
  scx_bpf_dsq_insert_vtime: {
    since: '6.19',
    code: `struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym;

static __always_inline void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
{
	struct scx_bpf_dsq_insert_vtime_args args = {
		.dsq_id = dsq_id,
		.slice = slice,
		.vtime = vtime,
		.enq_flags = enq_flags,
	};

	__scx_bpf_dsq_insert_vtime(p, &args);
}`,
  },
  scx_bpf_dsq_move_to_local: {
    since: '7.1',
    code: `bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags) __ksym;
#define scx_bpf_dsq_move_to_local(dsq_id) scx_bpf_dsq_move_to_local___v2___new((dsq_id), 0)`,
  },
  scx_bpf_reenqueue_local: { since: '6.19', code: named('scx_bpf_reenqueue_local', 'void', 'void') },
  scx_bpf_task_set_slice: {
    since: '6.19',
    code: 'bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice) __ksym;',
  },
  scx_bpf_task_set_dsq_vtime: {
    since: '6.19',
    code: 'bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime) __ksym;',
  },
};
