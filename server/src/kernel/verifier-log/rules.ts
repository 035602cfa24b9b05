/**
 * Who can do something about a refusal: the policy's author; whoever runs the machine, for the kernel lacks something or
 * was not asked as root; or PV Policy, whose C the verifier should have accepted.
 */
export type Remedy = 'policy' | 'machine' | 'pvpolicy';

/** What a message of the verifier or of libbpf means. */
export interface Meaning {
  readonly cause: string;
  readonly fix: string;
  readonly remedy: Remedy;
}

interface Rule {
  readonly pattern: RegExp;
  readonly means: (groups: Readonly<Record<string, string>>) => Meaning;
}

const REPORT =
  'If the C is as pvpolicy wrote it, this is a bug of PV Policy: report it with the policy and the whole log.';

const ours = (cause: string, first = ''): Meaning => ({
  cause,
  fix: first === '' ? REPORT : `${first} ${REPORT}`,
  remedy: 'pvpolicy',
});

const TOO_MUCH: Meaning = {
  cause:
    'The verifier follows every path through the program, and gave up: the loops and branches of this hook are too many.',
  fix: 'Lower the bound of the loop on this line (or move it into fewer nested branches); `every` can do long work in parts.',
  remedy: 'policy',
};

/** The first that fits decides, so the telling come before the vague. Texts of verifier.c and libbpf.c, 6.12 to 7.3. */
const RULES: readonly Rule[] = [
  {
    pattern: /invalid mem access '(?<type>\w*_or_null)'/,
    means: ({ type }) =>
      ours(
        `What is read here (${type}) may be NULL, and on some path nothing has tested it.`,
        'In a policy every value that may be absent is narrowed by `if let`, so a test is missing from the C.',
      ),
  },
  {
    pattern: /invalid mem access 'scalar'/,
    means: () => ours('A number is used as an address here.'),
  },
  {
    pattern: /invalid mem access '(?<type>[\w ]+)'/,
    means: ({ type }) => ours(`Memory of this kind (${type}) may not be accessed in this way.`),
  },
  {
    pattern:
      /sequence of \d+ jumps is too complex|BPF program is too large|too many (?:states|instructions)|infinite loop detected|back-edge from insn/,
    means: () => TOO_MUCH,
  },
  {
    pattern: /failed to load: -7$|Argument list too long/,
    means: () => TOO_MUCH,
  },
  {
    pattern: /Unreleased reference|reference leak|reference has not been released/,
    means: () =>
      ours(
        'Something that the kernel counts (a task, a mask, room in a ring buffer) is not given back on some path.',
      ),
  },
  {
    pattern: /combined stack size of \d+ calls is (?<size>\d+)|BPF stack limit|stack depth (?<depth>\d+)/,
    means: ({ size, depth }) => ({
      cause: `The variables of this hook and of the functions that it calls need ${size ?? depth ?? 'too many'} bytes of stack; BPF has 512.`,
      fix: 'Use fewer local variables at once, or keep some of them in `state`.',
      remedy: 'policy',
    }),
  },
  {
    pattern: /calling kernel function (?<name>\w+) is not allowed/,
    means: ({ name }) => ({
      cause: `This kernel does not allow ${base(name)}() in this kind of program: from this hook, or at all.`,
      fix: `Call it from a hook that may: \`pvpolicy kernel show\` lists them. If \`pvpolicy check --kernel\` of this kernel's version says nothing, its profile is wrong: report it.`,
      remedy: 'policy',
    }),
  },
  {
    pattern: /extern \(func ksym\) '(?<name>\w+)': not found/,
    means: ({ name }) => ({
      cause: `This kernel has no function ${base(name)}().`,
      fix: name?.startsWith('scx_')
        ? "It has no sched_ext (CONFIG_SCHED_CLASS_EXT), or is older than the function. Check the policy with `--kernel` and this kernel's BTF (/sys/kernel/btf/vmlinux)."
        : "It is older than the function, or was built without it. Check the policy with `--kernel` and this kernel's BTF (/sys/kernel/btf/vmlinux).",
      remedy: 'machine',
    }),
  },
  {
    pattern: /extern \(func ksym\) '(?<name>\w+)': func_proto .* incompatible/,
    means: ({ name }) => ({
      cause: `This kernel's ${base(name)}() takes other arguments than the generated C declares.`,
      fix: 'Compile against this kernel: `--kernel /sys/kernel/btf/vmlinux`. An out-of-tree function needs its true arguments in pvpolicy.json.',
      remedy: 'machine',
    }),
  },
  {
    pattern: /failed to find kernel BTF type ID of '(?<name>\w+)'/,
    means: ({ name }) => ({
      cause: `This kernel has no tracepoint ${name}, or not yet.`,
      fix: name?.startsWith('kvm_')
        ? 'Load KVM first (modprobe kvm_intel, or kvm_amd): its tracepoints come with the module.'
        : "It is another version than the policy is written for. Check the policy with `--kernel` and this kernel's BTF.",
      remedy: 'machine',
    }),
  },
  {
    pattern:
      /failed to resolve CO-RE relocation <\w+> \[\d+\] (?<what>(?:struct|union|enum) \w+(?:[.:]{1,2}\w+)*)/,
    means: ({ what }) => ({
      cause: `This kernel has no ${what}.`,
      fix: "The policy reads a field or constant that this kernel lacks. Check it with `--kernel` and this kernel's BTF (/sys/kernel/btf/vmlinux).",
      remedy: 'machine',
    }),
  },
  {
    pattern:
      /struct (?<name>\w+) is not found in kernel BTF|struct_ops init_kern[^\n]*'?(?<other>\w+)'? .*not found/,
    means: ({ name, other }) => {
      const ops = (name ?? other ?? '').replace(/^bpf_struct_ops_/, '');
      return {
        cause: `This kernel has no ${ops}.`,
        fix:
          ops === 'pvsched_vcpu_ops'
            ? 'The target pvsched needs a kernel with the paravirt scheduling patches; no released kernel has them. On a stock kernel use the target tracing.'
            : 'The target sched_ext needs a kernel from 6.12 on, built with CONFIG_SCHED_CLASS_EXT.',
        remedy: 'machine',
      };
    },
  },
  {
    pattern: /func '(?<name>\w+)' doesn't have (?<n>\d+)-th argument/,
    means: ({ name, n }) => ({
      cause: `On this kernel ${name} has fewer arguments than the hook names: there is no ${n}.`,
      fix: "Name only the arguments that it has. Check the policy with `--kernel` and this kernel's BTF.",
      remedy: 'policy',
    }),
  },
  {
    pattern: /invalid bpf_context access/,
    means: () => ours('An argument of the hook is read as something else than it is.'),
  },
  {
    pattern:
      /only read is supported|cannot write into (?<what>\w+)|write into .* is not allowed|cannot be written/,
    means: () => ({
      cause: 'The kernel does not let this program write there.',
      fix: 'Use the action or the kernel function that changes it; fields of kernel structs are read-only but for a few.',
      remedy: 'policy',
    }),
  },
  {
    pattern: /(?:unknown func|program of this type cannot use helper|cannot use helper) (?<name>\w+)/,
    means: ({ name }) => ({
      cause: `Programs of this kind may not call ${name}(), or this kernel does not have it.`,
      fix: 'Call it from another kind of hook.',
      remedy: 'policy',
    }),
  },
  {
    pattern: /might sleep|sleepable (?:helper|kfunc)|cannot be used in non-sleepable/,
    means: () => ({
      cause: 'The call may sleep, and this hook runs where nothing may.',
      fix: 'Put `defer` before the action, or make the call in `on init`.',
      remedy: 'policy',
    }),
  },
  {
    pattern: /is of type (?<has>\w+) but (?<wants>\w+) is expected/,
    means: ({ has, wants }) => ours(`A pointer to a ${has} is passed where a ${wants} is meant.`),
  },
  {
    pattern: /must be referenced or trusted|must be a rcu pointer|trusted_ptr_|Possibly NULL pointer passed/,
    means: () =>
      ours('The pointer that is passed may be gone or absent by now: it needs a reference, or a test.'),
  },
  {
    pattern:
      /unbounded memory access|outside of the allowed memory range|makes .* pointer be out of bounds|invalid access to map value|offset is not safe|math between .* pointer and register/,
    means: () => ours('A place in memory is computed from a number that nothing bounds.'),
  },
  {
    pattern: /lock.*held|while holding a lock|bpf_spin_lock/,
    means: () => ours('Something is called while a lock is held.'),
  },
  {
    pattern: /skipping unrecognized data section.*struct_ops|failed to load: -524|errno=524/,
    means: () => ({
      cause: 'The libbpf that loads is older than 1.3 and does not know the section of the operations.',
      fix: 'Build the loader with libbpf 1.3 or newer.',
      remedy: 'machine',
    }),
  },
  {
    pattern: /Error in bpf_create_map|map '.*': failed to create/,
    means: () => ({
      cause: 'The kernel did not make a map: it is not allowed to, or there is no memory for one this large.',
      fix: 'Load as root; make `state` and `max` of its collections smaller.',
      remedy: 'machine',
    }),
  },
  {
    pattern: /Operation not permitted|failed to load: -1$|lockdown/,
    means: () => ({
      cause: 'The kernel did not let this process load programs.',
      fix: 'Load as root (CAP_BPF and CAP_PERFMON), outside of a container that forbids it; with kernel lockdown no program loads.',
      remedy: 'machine',
    }),
  },
  {
    pattern: /failed to (?:auto-)?attach.*(?:-16|busy)|Device or resource busy/,
    means: () => ({
      cause: 'Another sched_ext scheduler runs already; a kernel runs one.',
      fix: 'End it first: /sys/kernel/sched_ext/root/ops names it.',
      remedy: 'machine',
    }),
  },
];

/** Today's name of a kernel function: behind ___ is a variant of ours. */
const base = (name: string | undefined): string => (name ?? '').replace(/___\w*$/, '');

/** The message that a rule knows, and what it means: of several messages the one whose rule comes first. */
export function meaningOf(
  messages: readonly string[],
): { readonly message: string; readonly meaning: Meaning } | undefined {
  for (const { pattern, means } of RULES) {
    for (const message of messages) {
      const found = pattern.exec(message);
      if (found) return { message, meaning: means({ ...found.groups }) };
    }
  }
  return undefined;
}

/** For a refusal that no rule knows. */
export const UNKNOWN: Meaning = {
  cause: 'PV Policy does not know this message.',
  fix: REPORT,
  remedy: 'pvpolicy',
};
