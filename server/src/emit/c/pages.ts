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
      `\t${fieldType(field)} ${unit.fields[which].name(field.name)};`,
    ]),
    ...(which === 'hint'
      ? [
          '\t/* Changes that have begun, and those that are done: while they differ the rest is in the making. */',
          '\t__u32 pv_begun;',
          '\t__u32 pv_done;',
        ]
      : []),
    '} __attribute__((aligned(64)));',
    '',
  ];
}

function fieldType({ type }: FieldDef): string {
  if (type.kind !== 'scalar') throw new Error('a shared page holds numbers only');
  return type.type.kind === 'bool' ? '__u8' : sharedType(type.type);
}

/** Maps and accessors of the pages that the code uses. */
export function pageLines(unit: Unit): string[] {
  const { features, side } = unit;
  if (side === 'guest') return guestLines(unit);
  return [
    ...(features.has('hint')
      ? hostPage('hint', 'hints', 'What the guest of each vCPU wrote, by thread id; the agent keeps it.')
      : []),
    ...(features.has('feedback')
      ? hostPage(
          'feedback',
          'feedbacks',
          'What the guest of each vCPU can read, by thread id; the agent carries it there.',
        )
      : []),
  ];
}

function hostPage(which: 'hint' | 'feedback', map: string, doc: string): string[] {
  const written = which === 'feedback';
  const type = written ? `struct ${which}` : `const struct ${which}`;
  const spare = written
    ? `static struct ${which} pv_spare_${which};`
    : `static const struct ${which} pv_no_${which};`;
  return [
    ...mapLines({
      name: map,
      doc,
      type: 'HASH',
      entries: `${ROOM.vcpus}`,
      key: 'u32',
      value: `struct ${which}`,
    }),
    spare,
    '',
    written
      ? '/* Of a vCPU that the agent does not know, a page that nobody reads. */'
      : '/* Zeros where the guest wrote nothing. */',
    `static __always_inline ${type} *pv_${which}(u32 tid)`,
    '{',
    `\t${type} *page = bpf_map_lookup_elem(&${map}, &tid);`,
    '',
    `\treturn page ? page : &pv_${written ? 'spare' : 'no'}_${which};`,
    '}',
    '',
  ];
}

/** A handler of the guest that may change its page says so, that nobody takes half of what it writes for the whole. */
export function writingLines({ side, features, code, globals }: Unit, lines: readonly Line[]): string[] {
  if (side !== 'guest' || !features.has('hint')) return [];
  const functions = code.functions.map(({ name }) => `${globals.name(name)}(`);
  const writes = lines.some(({ text }) => ['pv_own_hint(', ...functions].some((call) => text.includes(call)));
  return writes ? ['struct hint *pv_writing __attribute__((cleanup(pv_end_hint))) = pv_begin_hint();'] : [];
}

const WRITING = [
  '/* Handlers may interrupt each other, so that changes are counted where they begin and where they end. */',
  'static __always_inline struct hint *pv_begin_hint(void)',
  '{',
  '\tstruct hint *page = pv_own_hint();',
  '',
  '\t__sync_fetch_and_add(&page->pv_begun, 1);',
  '\treturn page;',
  '}',
  '',
  'static __always_inline void pv_end_hint(struct hint **page)',
  '{',
  '\t__sync_fetch_and_add(&(*page)->pv_done, 1);',
  '}',
  '',
];

function guestLines(unit: Unit): string[] {
  const { features } = unit;
  const own = (which: 'hint' | 'feedback', map: string, doc: string): string[] => [
    ...mapLines({
      name: map,
      doc,
      type: 'ARRAY',
      flags: 'BPF_F_MMAPABLE',
      entries: `${ROOM.cpus}`,
      key: 'u32',
      value: `struct ${which}`,
    }),
    `static struct ${which} pv_spare_${which};`,
    '',
    `static __always_inline struct ${which} *pv_own_${which}(void)`,
    '{',
    '\tu32 cpu = bpf_get_smp_processor_id();',
    `\tstruct ${which} *page = bpf_map_lookup_elem(&${map}, &cpu);`,
    '',
    `\treturn page ? page : &pv_spare_${which};`,
    '}',
    '',
  ];
  return [
    ...(features.has('hint')
      ? [...own('hint', 'hints', 'What this guest tells the host, by CPU; mapped by the loader.'), ...WRITING]
      : []),
    ...(features.has('feedback')
      ? own('feedback', 'feedbacks', 'What the host tells this guest, by CPU; mapped by the loader.')
      : []),
  ];
}

/** For loaders and agents: a page is copied as a whole or not at all, whatever the other side does meanwhile. */
export const COPY_HINT = String.raw`
/*
 * Copies a page that its writer may be changing; false: it did so all the time, or a guest that is up to no good says
 * that it does. What is in the making is left alone.
 */
static bool copy_hint(struct hint *to, const struct hint *from)
{
	__u32 done;
	int i;

	for (i = 0; i < 1000; i++) {
		done = __atomic_load_n(&from->pv_done, __ATOMIC_ACQUIRE);
		memcpy(to, from, sizeof(*to));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&from->pv_begun, __ATOMIC_RELAXED) == done)
			return true;
	}
	return false;
}
`;

/** For the loader in the guest, the only writer of the memory that it shares. */
export const PUBLISH_HINT = String.raw`
/* Shows the host a page, if it is another than the last. */
static void publish_hint(struct hint *to, const struct hint *page)
{
	const size_t size = offsetof(struct hint, pv_begun);
	__u32 n = to->pv_begun + 1;

	if (!memcmp(to, page, size))
		return;
	__atomic_store_n(&to->pv_begun, n, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(to, page, size);
	__atomic_store_n(&to->pv_done, n, __ATOMIC_RELEASE);
}
`;
