/**
 * Names that a policy may use and C may not: keywords, macros and types of libbpf's headers, functions that headers
 * of the agent declare as macros, and what the generated code itself is made of.
 */
const KEYWORDS =
  'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
  'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while ' +
  'alignas alignof bool constexpr false nullptr static_assert thread_local true typeof typeof_unqual asm';

/** From <bpf/bpf_helpers.h>, <bpf/bpf_tracing.h>, <bpf/bpf_core_read.h> and <stdbool.h>. */
const MACROS =
  'SEC NULL offsetof container_of barrier barrier_var ctx likely unlikely KERNEL_VERSION libbpf_pin_type ' +
  'libbpf_tristate TRI_NO TRI_YES TRI_MODULE LIBBPF_PIN_NONE LIBBPF_PIN_BY_NAME ' +
  'linux unix errno stdin stdout stderr environ major minor makedev assert static_assert main';

/** Types of the generated file, and its own variables and functions that have no prefix. */
const OWN =
  'u8 u16 u32 u64 s8 s16 s32 s64 state vcpus vms tasks cpus requests hints feedbacks joined ' +
  'NSEC_PER_USEC NSEC_PER_MSEC NSEC_PER_SEC';

/** Functions of the C library that compilers know by themselves; no function of ours may have such a name. */
const LIBRARY =
  'abs labs llabs fabs floor ceil round rint trunc sqrt cbrt pow exp exp2 log log2 log10 sin cos tan atan fmin fmax fma ' +
  'fmod ldexp memcpy memmove memset memcmp memchr strlen strcpy strcat strcmp strchr strstr strncmp index rindex bcmp ' +
  'printf puts putchar scanf malloc calloc realloc free abort exit signal isalpha isdigit isspace toupper tolower ' +
  'gamma j0 j1 jn y0 y1 yn bzero alloca setjmp longjmp fork execl';

const LIBRARY_WORDS = new Set(LIBRARY.split(' '));

export const isLibraryFunction = (name: string): boolean => LIBRARY_WORDS.has(name);

const WORDS = new Set(`${KEYWORDS} ${MACROS} ${OWN}`.split(' '));

/** Whole families: kernel and libbpf functions and macros, sched_ext, register access, the generator's helpers. */
const FAMILIES =
  /^(_|bpf_|BPF_|scx_|SCX_|PT_REGS|SCHED_|PF_|TASK_|DSQ_|pv_|PV_|libbpf_|LIBBPF_|btf_|ring_buffer)|_(table|stats|ops|bpf|names)$/;

export const isReserved = (name: string): boolean => WORDS.has(name) || FAMILIES.test(name);

const SCOPES = ['global', 'vcpu', 'vm', 'task', 'cpu'];

/** Functions and variables of the generated code besides its helpers. */
export const ACCESSORS: readonly string[] = [
  ...SCOPES.flatMap((scope) =>
    [`${scope}_state`, `${scope}_stats`].flatMap((tag) => [`pv_${tag}`, `pv_spare_${tag}`, `pv_zero_${tag}`]),
  ),
  ...(
    'pv_health pv_zero_vcpu pv_vcpu_of pv_vcpu_by_tid pv_track pv_add_to_vm pv_remove_from_vm pv_vm_slots pv_vm_at pv_add_vm ' +
    'pv_remove_vm pv_ask pv_request pv_timers pv_nr_cpus pv_nothing pv_hint pv_feedback pv_own_hint pv_begin_hint pv_end_hint pv_writing pv_own_feedback pv_no_hint ' +
    'pv_spare_hint pv_spare_feedback pv_exit pv_start pv_stop pv_tid pv_number pv_join pv_meet_vcpu pv_kvm_entry pv_kvm_exit ' +
    'pv_sched_process_exit pv_boost pv_unboost pv_set_nice pv_set_weight pv_set_uclamp pv_pin pv_unpin pv_cap ' +
    'pv_set_halt_poll pv_core_tag pv_signal pv_it pv_new pv_n pv_dsq pv_auto pv_mark pv_marks pv_enter pv_leave pv_may pv_outer'
  ).split(' '),
];
