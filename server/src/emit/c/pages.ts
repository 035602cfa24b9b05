import type { FieldDef } from '../../ir/ir.ts';
import { sharedType } from './ctypes.ts';
import { mapLines, ROOM } from './maps.ts';
import { comment } from './printer.ts';
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
      ? own('hint', 'hints', 'What this guest tells the host, by CPU; mapped by the loader.')
      : []),
    ...(features.has('feedback')
      ? own('feedback', 'feedbacks', 'What the host tells this guest, by CPU; mapped by the loader.')
      : []),
  ];
}
