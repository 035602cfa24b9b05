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
  'linux unix errno stdin stdout stderr environ major minor makedev assert static_assert main license ' +
  'd_fileno no_argument optional_argument required_argument sched_priority sigmask strdupa strndupa ' +
  'L_ctermid L_cuserid L_tmpnam P_tmpdir';

/** Types of the generated file, and its own variables and functions that have no prefix. */
const OWN =
  'u8 u16 u32 u64 s8 s16 s32 s64 state vcpus vms tasks cpus requests hints feedbacks joined listed ' +
  'NSEC_PER_USEC NSEC_PER_MSEC NSEC_PER_SEC';

/** Functions of the C library that compilers know by themselves; no function of ours may have such a name. */
const LIBRARY =
  'abs labs llabs fmax fmin memcpy memmove memset memcmp memchr memccpy mempcpy memalign aligned_alloc bcmp bcopy bzero ' +
  'strlen strcpy strcat strcmp strchr strstr strncmp strcasecmp strncasecmp strcspn strdup strndup strerror strncat strncpy ' +
  'strpbrk strrchr strspn strtod strtof strtold strtok strtol strtoll strtoul strtoull strxfrm stpcpy stpncpy index rindex ' +
  'wcschr wcscmp wcslen wcsncmp wmemchr wmemcmp wmemcpy wmemmove printf sprintf snprintf vprintf vsprintf vsnprintf puts ' +
  'putchar scanf sscanf vscanf vsscanf malloc calloc realloc free abort exit signal tolower toupper gamma j0 j1 jn y0 y1 yn ' +
  'alloca setjmp longjmp fork vfork execl va_start va_end va_copy va_arg';

/** Those of mathematics, for complex numbers and for other precisions too; those that tell what a character is. */
const MATHEMATICS = new RegExp(
  '^(c?(a?(cos|sin|tan)h?|abs|arg|exp|imag|log|pow|proj|real|sqrt)|conj|atan2|cbrt|ceil|copysign|erfc?|exp2|expm1|fabs|fdim|' +
    'finite|floor|fma|fmax|fmin|fmod|frexp|hypot|ilogb|ldexp|[lt]gamma|l?l?rint|l?l?round|log10|log1p|log2|logb|modf|nan|' +
    'nearbyint|nextafter|nexttoward|remainder|remquo|roundeven|scalbl?n|trunc)[fl]?$|' +
    '^is(alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)$',
);

const LIBRARY_WORDS = new Set(LIBRARY.split(' '));

export const isLibraryFunction = (name: string): boolean => LIBRARY_WORDS.has(name) || MATHEMATICS.test(name);

const WORDS = new Set(`${KEYWORDS} ${MACROS} ${OWN}`.split(' '));

/**
 * Whole families: whatever is a constant by its looks, kernel and libbpf functions, members that the C library declares as
 * macros, and what the generated code derives from other names.
 */
const FAMILIES =
  /^[A-Z][A-Z0-9_]*$|^(_|bpf_|scx_|pv_|libbpf_|btf_|ring_buffer|SYS_|PT_REGS|si_|sa_|sigev_|st_[acm]time)|^([bl]e\d+toh|hto[bl]e\d+)$|_(table|stats|ops|bpf|names|opts__last_field)$/;

export const isReserved = (name: string): boolean => WORDS.has(name) || FAMILIES.test(name);

const SCOPES = ['global', 'vcpu', 'vm', 'task', 'cpu'];

/** Functions and variables of the generated code besides its helpers. */
export const ACCESSORS: readonly string[] = [
  ...SCOPES.flatMap((scope) =>
    [`${scope}_state`, `${scope}_stats`].flatMap((tag) =>
      ['', 'find_', 'make_', 'spare_', 'zero_'].map((what) => `pv_${what}${tag}`),
    ),
  ),
  ...(
    'pv_health pv_zero_vcpu pv_vcpu_of pv_vcpu_by_tid pv_track pv_add_to_vm pv_remove_from_vm pv_vm_slots pv_vm_at pv_add_vm ' +
    'pv_remove_vm pv_ask pv_request pv_timers pv_nr_cpus pv_nothing pv_hint pv_feedback pv_begin_feedback pv_put_feedback pv_fetch pv_fetch_feedback pv_told pv_own_hint pv_begin_hint pv_end_hint pv_writing pv_own_feedback pv_no_hint ' +
    'pv_spare_hint pv_spare_feedback pv_exit pv_start pv_stop pv_tid pv_number pv_join pv_meet_vcpu pv_kvm_entry pv_kvm_exit ' +
    'pv_sched_process_exit pv_boost pv_unboost pv_set_nice pv_set_weight pv_set_uclamp pv_pin pv_unpin pv_cap ' +
    'pv_set_halt_poll pv_core_tag pv_signal pv_it pv_new pv_n pv_dsq pv_auto pv_mark pv_marks pv_enter pv_leave pv_may pv_outer'
  ).split(' '),
];
