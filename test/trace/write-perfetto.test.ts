import { describe, expect, test } from 'vitest';
import { perfettoTrace } from '../../server/src/trace/perfetto/write.ts';
import { exampleTrace } from '../support/trace.ts';

type Field = readonly [number, bigint | Uint8Array];

/** The fields of a message, by the wire format alone (varints and blocks are all there are). */
function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('cut short');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    if ((key & 7) === 0) fields.push([key >> 3, varint()]);
    else if ((key & 7) === 2) {
      const size = Number(varint());
      fields.push([key >> 3, bytes.subarray(at, (at += size))]);
    } else throw new Error(`wire type ${key & 7}`);
  }
  return fields;
}

const all = (fields: readonly Field[], number: number) =>
  fields.filter(([field]) => field === number).map(([, value]) => value);
const blocks = (fields: readonly Field[], number: number) =>
  all(fields, number).map((value) => fieldsOf(value as Uint8Array));
const text = (value: unknown): string => new TextDecoder().decode(value as Uint8Array);

describe('a schedule written for the Perfetto UI', async () => {
  const trace = await exampleTrace('eevdf-3vm.trace.gz');
  const remarks = [{ t: Number(trace.baseNs) + 5000, text: 'boost CPU 0/KVM (RR)' }];
  const packets = blocks(fieldsOf(Buffer.concat([...perfettoTrace(trace, 'policy p', remarks)])), 1);
  const bundles = packets.flatMap((packet) => blocks(packet, 1));
  const events = bundles.flatMap((bundle) =>
    blocks(bundle, 2).map((event) => ({ cpu: all(bundle, 1)[0], event })),
  );

  test('has every switch and wake-up, with its time, CPU and thread', () => {
    const number = (field: number): number =>
      events.filter(({ event }) => all(event, field).length > 0).length;
    expect(number(4)).toBe(trace.counts.get('sched_switch'));
    expect(number(20)).toBe(trace.counts.get('sched_waking'));
    expect(number(17)).toBe(trace.counts.get('sched_wakeup'));
    const times = events.map(({ event }) => all(event, 1)[0] as bigint).toSorted((a, b) => (a < b ? -1 : 1));
    expect(times[0]).toBeGreaterThanOrEqual(trace.baseNs);
    expect(times.at(-1)).toBeLessThanOrEqual(trace.baseNs + BigInt(trace.durationNs));
  });

  test('says of a switch who leaves in what state, and who comes', () => {
    const row = trace.kind.indexOf(0);
    const [change] = events
      .filter(({ cpu, event }) => Number(cpu) === trace.cpu[row] && all(event, 4).length > 0)
      .map(({ event }) => blocks(event, 4)[0]!);
    expect(Number(all(change!, 2)[0])).toBe(trace.a[row]);
    expect(Number(all(change!, 6)[0])).toBe(trace.b[row]);
    expect(text(all(change!, 5)[0])).toBe(trace.tasks.get(trace.b[row]!)?.comm ?? 'swapper');
  });

  test('names the threads, and shows the remarks on their own track', () => {
    const threads = packets.flatMap((packet) => blocks(packet, 2)).flatMap((tree) => blocks(tree, 2));
    expect(new Map(threads.map((thread) => [Number(all(thread, 1)[0]), text(all(thread, 2)[0])]))).toEqual(
      new Map([...trace.tasks.values()].map(({ tid, comm }) => [tid, comm])),
    );
    const [descriptor] = packets.flatMap((packet) => blocks(packet, 60));
    expect(text(all(descriptor!, 2)[0])).toBe('policy p');
    const [remark] = packets.filter((packet) => all(packet, 11).length > 0);
    expect(all(remark!, 8)).toEqual([trace.baseNs + 5000n]);
    expect(all(blocks(remark!, 11)[0]!, 11)).toEqual(all(descriptor!, 1));
    expect(text(all(blocks(remark!, 11)[0]!, 23)[0])).toBe('boost CPU 0/KVM (RR)');
  });
});
