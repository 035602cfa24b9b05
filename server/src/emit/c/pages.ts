import type { FieldDef } from '../../ir/ir.ts';
import { sharedType } from './ctypes.ts';
import { mapLines, ROOM } from './maps.ts';
import { comment, type Line } from './printer.ts';
import type { Unit } from './unit.ts';

/** The struct of a shared page for the header. What the other side wrote may be anything: a bool is a byte. */
export function pageStruct(unit: Unit, which: 'hint' | 'feedback'): string[] {
  const fields = unit.program[which];
  if (fields.length === 0) return [];
  const doc =
    which === 'hint' ? 'The guest writes it, the host reads it.' : 'The host writes it, the guest reads it.';
  return [
    `/* Of each vCPU. ${doc} */`,
    `struct ${which} {`,
    ...fields.flatMap((field) => [
      ...comment(field.doc).map((line) => `\t${line}`),
      `\t${pageFieldType(unit, which, field)} ${unit.fields[which].name(field.name)};`,
    ]),
    '\t/* Changes that have begun, and those that are done: while they differ the rest is in the making. */',
    '\t__u32 pv_begun;',
    '\t__u32 pv_done;',
    '} __attribute__((aligned(64)));',
    '',
  ];
}

/** What the agent asks for, where the host has pages of feedback. */
export const fetchStruct = ({ features }: Unit): string[] =>
  features.has('feedback')
    ? [
        'enum pv_found {',
        '\tPV_NO_PAGE,',
        '\tPV_TORN_PAGE,',
        '\tPV_SAME_PAGE,',
        '\tPV_PAGE,',
        '};',
        '',
        '/* Asks for the page of a thread, of which so many changes were shown before, and takes it. */',
        'struct pv_fetch {',
        '\t__u32 tid;',
        '\t__u32 shown;',
        '\t__u32 found;\t/* enum pv_found */',
        '\tstruct feedback page;',
        '};',
        '',
      ]
    : [];

/** What the guest's loader hands to its programs, where they read it. */
export const toldStruct = (units: readonly Unit[]): string[] =>
  units.some(({ side, features }) => side === 'guest' && features.has('feedback'))
    ? [
        '/* What a CPU of the guest was told: the page of this turn is whole, the other one may be in the making. */',
        'struct pv_told {',
        '\tstruct feedback page[2];',
        '\t__u32 turn;',
        '};',
        '',
      ]
    : [];

/** The C type of a field of a page. BPF has no atomics narrower than 32 bits: what is changed in one step is kept wider. */
export function pageFieldType(
  { atomic }: Pick<Unit, 'atomic'>,
  which: 'hint' | 'feedback',
  { name, type }: FieldDef,
): string {
  if (type.kind !== 'scalar') throw new Error('a shared page holds numbers only');
  const { type: inner } = type;
  if (inner.kind === 'bool') return '__u8';
  const wide = inner.kind === 'int' && inner.bits < 32 && atomic.has(`${which}.${name}`);
  return wide ? `__${inner.signed ? 's' : 'u'}32` : sharedType(inner);
}

/** Maps and accessors of the pages that the code uses. */
export function pageLines(unit: Unit): string[] {
  const { features, side } = unit;
  if (side === 'guest') return guestLines(unit);
  return [
    ...(features.has('hint') ? HOST_HINTS : []),
    ...(features.has('feedback') ? hostFeedbacks(unit) : []),
  ];
}

const hostMap = (which: 'hint' | 'feedback', doc: string): string[] =>
  mapLines({
    name: `${which}s`,
    doc,
    type: 'HASH',
    entries: `${ROOM.vcpus}`,
    key: 'u32',
    value: `struct ${which}`,
  });

const HOST_HINTS = [
  ...hostMap('hint', 'What the guest of each vCPU wrote, by thread id; the agent keeps it.'),
  'static const struct hint pv_no_hint;',
  '',
  '/* Zeros where the guest wrote nothing. */',
  'static __always_inline const struct hint *pv_hint(u32 tid)',
  '{',
  '\tconst struct hint *page = bpf_map_lookup_elem(&hints, &tid);',
  '',
  '\treturn page ? page : &pv_no_hint;',
  '}',
  '',
];

const hostFeedbacks = ({ features }: Unit): string[] => [
  ...hostMap('feedback', 'What the guest of each vCPU can read, by thread id; the agent carries it there.'),
  'static struct feedback pv_spare_feedback;',
  '',
  '/* Of a vCPU that the agent does not know, a page that nobody carries. */',
  'static __always_inline struct feedback *pv_feedback(u32 tid)',
  '{',
  '\tstruct feedback *page = bpf_map_lookup_elem(&feedbacks, &tid);',
  '',
  '\treturn page ? page : &pv_spare_feedback;',
  '}',
  '',
  ...(features.has('writes feedback') ? BEGIN_FEEDBACK : []),
  ...FETCH_FEEDBACK,
];

/**
 * A count whose old value is used is an order for what stands around it on every machine: without, BPF_ADD is relaxed on arm64
 * (`emit_lse_atomic()`, arch/arm64/net/bpf_jit_comp.c: STADD, with BPF_FETCH LDADDAL).
 */
const counted = (field: string): string[] => [
  '\t/* With its old value taken the count is in order with what stands around it, on every machine. */',
  `\tn = __sync_fetch_and_add(&${field}, 1);`,
  '\tbarrier_var(n);',
];

const BEGIN_FEEDBACK = [
  '/* Several CPUs may change one page: changes are counted where they begin, and at the end of the block. */',
  'static __always_inline struct feedback *pv_begin_feedback(u32 tid)',
  '{',
  '\tstruct feedback *page = pv_feedback(tid);',
  '\tu32 n;',
  '',
  '\tif (page == &pv_spare_feedback)',
  '\t\treturn page;',
  ...counted('page->pv_begun'),
  '\treturn page;',
  '}',
  '',
  'static __always_inline void pv_put_feedback(struct feedback **page)',
  '{',
  '\tu32 n;',
  '',
  '\tif (*page == &pv_spare_feedback)',
  '\t\treturn;',
  ...counted('(*page)->pv_done'),
  '}',
  '',
];

const FETCH_FEEDBACK = [
  '/* The agent runs it for the page of each vCPU: in the kernel, for user space cannot tell in which order it would be copied. */',
  'SEC("syscall")',
  'int pv_fetch_feedback(struct pv_fetch *ctx)',
  '{',
  '\tu32 done, tid = ctx->tid;',
  '\tstruct feedback *page = bpf_map_lookup_elem(&feedbacks, &tid);',
  '',
  '\tctx->found = PV_NO_PAGE;',
  '\tif (!page)',
  '\t\treturn 0;',
  '\t/* Swaps that change nothing: what they read is in order on every machine. */',
  '\tdone = __sync_val_compare_and_swap(&page->pv_done, 0, 0);',
  '\tctx->page = *page;',
  '\tif (__sync_val_compare_and_swap(&page->pv_begun, 0, 0) != done)',
  '\t\tctx->found = PV_TORN_PAGE;',
  '\telse',
  '\t\tctx->found = done == ctx->shown ? PV_SAME_PAGE : PV_PAGE;',
  '\treturn 0;',
  '}',
  '',
];

/** The variable with the page that a handler of the guest changes. */
export const WRITTEN = 'pv_page';

/** A handler of the guest that may change its page says so, that nobody takes half of what it writes for the whole. */
export function writingLines({ side, features, code, globals }: Unit, lines: readonly Line[]): string[] {
  if (side !== 'guest' || !features.has('hint')) return [];
  const functions = code.functions.map(({ name }) => `${globals.name(name)}(`);
  const writes = lines.some(({ text }) => [`${WRITTEN}->`, ...functions].some((call) => text.includes(call)));
  return writes ? [`struct hint *${WRITTEN} __attribute__((cleanup(pv_end_hint))) = pv_begin_hint();`] : [];
}

const WRITING = [
  '/* Handlers may interrupt each other, so that changes are counted where they begin and where they end. */',
  'static __always_inline struct hint *pv_begin_hint(void)',
  '{',
  '\tstruct hint *page = pv_own_hint();',
  '\tu32 n;',
  '',
  ...counted('page->pv_begun'),
  '\treturn page;',
  '}',
  '',
  'static __always_inline void pv_end_hint(struct hint **page)',
  '{',
  '\tu32 n;',
  '',
  ...counted('(*page)->pv_done'),
  '}',
  '',
];

const guestMap = (name: string, doc: string, value: string): string[] =>
  mapLines({
    name,
    doc,
    type: 'ARRAY',
    flags: 'BPF_F_MMAPABLE',
    entries: `${ROOM.cpus}`,
    key: 'u32',
    value: `struct ${value}`,
  });

const guestLines = ({ features }: Unit): string[] => [
  ...(features.has('hint') ? OWN_HINT : []),
  ...(features.has('feedback') ? OWN_FEEDBACK : []),
];

const OWN_HINT = [
  ...guestMap('hints', 'What this guest tells the host, by CPU; mapped by the loader.', 'hint'),
  'static struct hint pv_spare_hint;',
  '',
  'static __always_inline struct hint *pv_own_hint(void)',
  '{',
  '\tu32 cpu = bpf_get_smp_processor_id();',
  '\tstruct hint *page = bpf_map_lookup_elem(&hints, &cpu);',
  '',
  '\treturn page ? page : &pv_spare_hint;',
  '}',
  '',
  ...WRITING,
];

/** Times that a page is copied before it is given up. */
const TRIES = 4;

const OWN_FEEDBACK = [
  ...guestMap('feedbacks', 'What the host tells this guest, by CPU; mapped by the loader.', 'pv_told'),
  '/*',
  ' * What the host told this CPU last, as a whole: copied, for the loader may come to this page again meanwhile. Where it',
  ` * does so in each of ${TRIES} tries, what was told is lost, and counted.`,
  ' */',
  'static __always_inline struct feedback pv_own_feedback(void)',
  '{',
  '\tu32 turn, cpu = bpf_get_smp_processor_id();',
  '\tstruct pv_told *told = bpf_map_lookup_elem(&feedbacks, &cpu);',
  '\tstruct feedback page;',
  '\tint i;',
  '',
  '\tif (!told)',
  '\t\treturn (struct feedback){};',
  `\tfor (i = 0; i < ${TRIES}; i++) {`,
  '\t\t/* Swaps that change nothing: what they read is in order on every machine. */',
  '\t\tturn = __sync_val_compare_and_swap(&told->turn, 0, 0);',
  '\t\tpage = told->page[turn & 1];',
  '\t\tif (__sync_val_compare_and_swap(&told->turn, 0, 0) == turn)',
  '\t\t\treturn page;',
  '\t}',
  '\t__sync_fetch_and_add(&pv_health.updates_lost, 1);',
  '\treturn (struct feedback){};',
  '}',
  '',
];
