import { error, warning } from '../entry.ts';

/** Facts that most messages name. `kernels` is ' on 6.12 to 7.0', or '' where it is all kernels at hand. */
interface Where {
  /** `scx_bpf_kick_cpu`, as written. */
  readonly call: string;
  /** `on tracepoint sched:sched_switch` */
  readonly hook: string;
  readonly kernels: string;
}

interface Lock extends Where {
  /** The lock that is held, and whether it is at every call site. */
  readonly held: string;
  readonly always: boolean;
}

const holding = (a: Lock): string => `'${a.hook}' ${a.always ? 'runs' : 'may run'} with ${a.held} held`;

/** PV4xxx: the kernel could deadlock, sleep or crash. */
export const SAFETY = {
  PV4001: error<Lock & { lock: string; same: boolean }>(
    'self-deadlock',
    (a) =>
      `${a.call} takes ${a.lock}${a.kernels}, and ${holding(a)}: the CPU would wait for ever, with interrupts off, ${a.same ? 'for itself' : 'for itself or for another that waits for it'}; move the call to a hook that holds no lock, or to 'every'`,
  ),
  PV4002: error<Lock & { lock: string }>(
    'lock order inversion',
    (a) =>
      `${a.call} takes ${a.lock}${a.kernels}, and ${holding(a)}: the kernel takes them the other way round, so two CPUs would wait for each other for ever; move the call to a hook that holds no lock, or to 'every'`,
  ),
  PV4003: error<Lock>(
    'wake-up under a scheduler lock',
    (a) =>
      `${a.call} wakes a task at once${a.kernels}, and ${holding(a)}: the wake-up takes the task's pi_lock and its run queue's lock, and the CPU would wait for itself for ever; leave the hook first, with 'defer'`,
  ),
  PV4004: error<Where & { irqs: string }>(
    'needs interrupts on',
    (a) =>
      `${a.call} needs interrupts on${a.kernels}, and '${a.hook}' runs with interrupts ${a.irqs}; move the call to a hook that runs with interrupts on`,
  ),
  PV4005: error<Where>(
    'sleeps where nothing may sleep',
    (a) =>
      `${a.call} may sleep${a.kernels}, and '${a.hook}' must not; move the call to 'on init', or to an op that may sleep`,
  ),
  PV4006: error<Where>(
    'not safe in an NMI',
    (a) =>
      `${a.call} is not safe in an NMI${a.kernels}, and '${a.hook}' can run in one, also in the middle of the same call; only count here, and act in 'every'`,
  ),
  PV4007: error<Lock>(
    'timer started under the timer lock',
    (a) =>
      `${a.call} arms a timer at once${a.kernels}, and ${holding(a)}: the CPU would wait for itself for ever; move the call to another hook`,
  ),
  PV4008: error<Where & { event: string }>(
    'feeds its own hook',
    (a) =>
      `${a.call} fires ${a.event}, which runs '${a.hook}' again${a.kernels}: each event would make the next; move the call to another hook`,
  ),
  PV4009: error<Where>(
    'unknown locks',
    (a) =>
      `nobody has read what ${a.call} does${a.kernels}: in '${a.hook}' what is unknown counts as unsafe, unless 'kfuncs' of pvpolicy.json says which effects it has`,
  ),
  PV4010: error<{ call: string; hook: string; effect: string; where: string }>(
    'call not allowed in this hook',
    (a) =>
      `${a.call} may not be called in '${a.hook}': ${a.effect}${a.where === '' ? '' : `; it may be called in ${a.where}`}`,
  ),
  PV4011: error<Where & { where: string }>(
    'call for sleepable ops only',
    (a) =>
      `${a.call} may be called only where a program may sleep${a.kernels}, and '${a.hook}' may not; call it in ${a.where}`,
  ),
  PV4012: error<{ call: string; missing: string; since: string | undefined }>(
    'call that the kernel does not have',
    (a) => `${a.call} ${a.missing}${since(a.since)}`,
  ),
  PV4013: error<{ hook: string; missing: string; since: string | undefined }>(
    'hook that the kernel does not have',
    (a) => `'${a.hook}' ${a.missing}${since(a.since)}`,
  ),
  PV4015: error<{ action: string; target: string; targets: string }>(
    'action that the target cannot do',
    (a) =>
      `nothing delivers ${a.action}() for the target ${a.target}${a.targets === '' ? '' : `; it works for ${a.targets}`}`,
  ),
  PV4016: error<Where & { reason: string }>(
    'action that must be deferred',
    (a) =>
      `${a.call}() cannot be done inside '${a.hook}'${a.kernels}: ${a.reason}; write 'defer ${a.call}(…)'`,
  ),
  PV4017: warning<{ action: string; limit: string; from: string; to: string }>(
    'deadline too short for the agent',
    (a) =>
      `a ${a.action} for ${a.limit} may be over before it begins: the agent does it ${a.from} to ${a.to} after the hook, later still when it has to wait for a CPU itself`,
  ),
  PV4018: warning<{ old: string; name: string }>(
    'old name of a call',
    (a) => `${a.old} is called ${a.name} today; the compiler picks what each kernel has`,
  ),
  PV4019: warning<{ hook: string }>(
    'event that is never delivered',
    (a) =>
      `the patch set declares '${a.hook}' and never calls it, so this does nothing; 'on tracepoint kvm:kvm_inj_virq(vector)' fires at that moment`,
  ),
  PV4020: warning<{ call: string; hook: string }>(
    'too late for this entry',
    (a) =>
      `${a.call} asks this CPU to pass through its scheduler, but at '${a.hook}' the kernel has made its last check: it happens after the next exit from the guest, whenever that is; do it at the exit, or before the thread is picked`,
  ),
  PV4021: error<{ field: string; hook: string; kernels: string }>(
    'field that this program may not write',
    (a) =>
      `only the ops of a scheduler may write ${a.field}${a.kernels}, and '${a.hook}' is none; do it in an op, such as 'on op running'`,
  ),
  PV4022: error<{ what: string; reason: string }>(
    'not allowed by the workspace',
    (a) => `${a.what} is not allowed here: ${a.reason}`,
  ),
  PV4023: error<{ kernels: string }>(
    'kick that waits',
    (a) =>
      `SCX_KICK_WAIT can make CPUs wait for each other in a circle for ever${a.kernels}: only from 7.1 on the wait is done in a balance callback, which ends it; leave it out, or require kernel 7.1`,
  ),
  PV4024: error<{ hook: string; param: string; missing: string; since: string | undefined }>(
    'argument that the kernel does not pass',
    (a) => `the argument ${a.param} of '${a.hook}' ${a.missing}${since(a.since)}`,
  ),
  PV4025: error<{ name: string; missing: string; since: string | undefined }>(
    'name that the kernel does not have',
    (a) => `${a.name} ${a.missing}${since(a.since)}`,
  ),
  PV4026: error<{ version: string; newest: string }>(
    'no supported kernel',
    (a) => `no kernel that is known here is ${a.version} or newer; the newest is ${a.newest}`,
  ),
  PV4027: error<{ other: string }>(
    'kick flags that exclude each other',
    (a) =>
      `SCX_KICK_IDLE and ${a.other} exclude each other: an idle CPU has nothing to preempt or to wait for, and the kernel ejects a scheduler that asks for both; keep one of them`,
  ),
  PV4028: error<{ call: string; event: string; other: string; hook: string }>(
    'hooks that feed each other',
    (a) =>
      `${a.call} fires ${a.event}, which runs '${a.other}', and what that does leads back to '${a.hook}': each event would make the next, for ever; leave one of the calls out, or make it in 'every'`,
  ),
  PV4030: warning<{ field: string; inner: string; outer: string }>(
    'state that an interrupt changes too',
    (a) =>
      `'${a.inner}' may run in the middle of '${a.outer}', on the same CPU, and both change ${a.field} in more than one step: one of the two changes is lost; give each hook state of its own, or use '+=' and the like, which are one step`,
  ),
  PV4031: warning<{ cpu: string; own: string; hook: string; kernels: string }>(
    'frequency of another CPU',
    (a) =>
      `'${a.hook}' runs with the run queue of one CPU locked, and nothing here says that '${a.cpu}' is that CPU: asking for the frequency of another ejects the scheduler${a.kernels}; ask for ${a.own}, or do it in 'every'`,
  ),
  PV4040: error<{ hook: string; name: string; kernel: string }>(
    'hook that nobody has read',
    (a) =>
      `${a.kernel} has '${a.hook}', and nothing is known of the locks that are held there: what is unknown counts as unsafe; describe it in pvpolicy.json, under "hooks": { "${a.name}": … }`,
  ),
  PV4041: error<{ call: string; name: string; kernel: string }>(
    'call that nobody has read',
    (a) =>
      `${a.kernel} has ${a.call}, and nothing is known of what it locks: what is unknown counts as unsafe; describe it in pvpolicy.json, under "kfuncs": { "${a.name}": … }`,
  ),
};

function since(version: string | undefined): string {
  return version === undefined
    ? ''
    : `; write 'requires kernel >= ${version}' if the policy is for newer ones`;
}
