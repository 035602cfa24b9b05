import { askedActions } from '../requests.ts';
import type { Unit } from '../unit.ts';
import { asksAgent, changesFiles, changesThreads } from './index.ts';

/** Capabilities that the loader goes on to need once everything is attached. */
function needed(unit: Unit): readonly string[] {
  return [
    // Tables, pages and statistics are calls of bpf(2), which a kernel may keep from others (unprivileged_bpf_disabled).
    'CAP_BPF',
    ...(changesThreads(unit) ? ['CAP_SYS_NICE'] : []),
    // What mlockall promises holds for memory that is asked for later, too.
    ...(asksAgent(unit) ? ['CAP_IPC_LOCK'] : []),
    // Files of a cgroup may belong to whom it was delegated to.
    ...(changesFiles(unit) ? ['CAP_DAC_OVERRIDE'] : []),
    // A tag is given to whom one may trace (kernel/sched/core_sched.c:sched_core_share_pid).
    ...(askedActions(unit).includes('core_tag') ? ['CAP_SYS_PTRACE'] : []),
  ];
}

/** `drop_privileges`: gives up what loading and attaching needed. */
export function privilegeLines(unit: Unit): string[] {
  const mask = needed(unit)
    .map((name) => `CAPABILITY(${name})`)
    .join(' | ');
  return `
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define CAPABILITY(n) (1ULL << (n))
#define KEPT_CAPABILITIES (${mask})
${DROP}`.split('\n');
}

const DROP = String.raw`
/* Of the capabilities that it has, uses those in the first set, and keeps those in the second. */
static int limit_capabilities(__u64 used, __u64 kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int i;

	if (syscall(SYS_capget, &header, data))
		return -1;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= (__u32)(kept >> 32 * i);
		data[i].effective = data[i].permitted & (__u32)(used >> 32 * i);
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data);
}

/* Gives up for good what only loading and attaching needs. */
static void drop_privileges(void)
{
	__u64 kept = KEPT_CAPABILITIES;

	/* Where /proc is mounted with hidepid, it shows the threads of others only to whom may trace them. */
	if (limit_capabilities(kept, ~0ULL) || access("/proc/1/stat", R_OK))
		kept |= CAPABILITY(CAP_SYS_PTRACE);
	if (limit_capabilities(kept, kept) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		complain("cannot give up privileges: %s", strerror(errno));
}
`;
