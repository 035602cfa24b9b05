import { ascii } from './cursor.ts';
import { exitReasonName } from './exit-reasons.ts';
import { type FieldPlace, KINDS } from './kinds.ts';
import { numericState, type PayloadReader } from './payload.ts';

const EQUALS = 0x3d;

/**
 * Reads `key=value key=value …`: what `trace-cmd report -R` prints, and perf behind "[FAILED TO PARSE]". The keys are
 * the names of the fields, as in KINDS. Only for payloads without text values: names of tasks need more care.
 */
export const rawFields: PayloadReader = (cursor, row, _tasks, strings) => {
  const fields = KINDS[row.kind]?.fields ?? {};
  const decoder = new TextDecoder();
  const values = new Map<string, number>();
  for (;;) {
    cursor.blanks();
    if (cursor.at >= cursor.end) break;
    const equals = cursor.indexOfByte(EQUALS, cursor.at);
    if (equals < 0) return false;
    const key = decoder.decode(cursor.bytes.subarray(cursor.at, equals));
    cursor.at = equals + 1;
    values.set(key, cursor.number());
    if (!cursor.ok) return false;
  }
  derive(values);
  let found = 0;
  // Kernels before 5.8 do not record the vCPU of an exit.
  if (fields['vcpu_id'] !== undefined && fields['vcpu_id'].bits === undefined) row.a = -1;
  for (const [key, place] of Object.entries(fields)) {
    const value = values.get(key);
    if (value === undefined) continue;
    found++;
    if (place.as !== 'string') store(row, place, value);
    else {
      const name = ascii(exitReasonName(value, values.get('isa')));
      row[place.column] = strings.intern(name, new DataView(name.buffer), 0, name.length);
    }
  }
  return found > 0;
};
/** Fields that the columns have and the raw record only implies. */
function derive(values: Map<string, number>): void {
  // kvm_apic_ipi: the vector is the low byte of the interrupt command register.
  const icr = values.get('icr_low');
  if (icr !== undefined) values.set('vec', icr & 0xff);
}

function store(
  row: { a: number; b: number; c: number; wide: number },
  place: FieldPlace,
  value: number,
): void {
  const stored = place.as === 'prio' ? value + 1 : place.as === 'state' ? numericState(value) : value;
  if (place.bits === undefined) row[place.column] = stored;
  else row[place.column] |= (stored & (2 ** place.bits - 1)) << (place.shift ?? 0);
}
