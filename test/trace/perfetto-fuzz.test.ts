import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import type { TraceResult } from '../../server/src/trace/columns.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { ProtoReader } from '../../server/src/trace/perfetto/protobuf.ts';
import { readPerfetto } from '../../server/src/trace/perfetto/read.ts';
import { runs } from '../support/runs.ts';
import { damage } from './damage.ts';
import { type Write, int, message, packed, packet, part, text } from './encode-perfetto.ts';
import { checkSound } from './sound.ts';

const read = (bytes: Uint8Array): TraceResult => readPerfetto(memorySource(bytes), unpack);

const recorded = new Uint8Array(
  readFileSync(new URL('../fixtures/trace/traced-56.pftrace', import.meta.url)),
);
/** The same packets, not compressed. */
function unpacked(): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const trace = new ProtoReader(recorded); trace.next();)
    for (const one = trace.message(); one.next();)
      if (one.field === 50) parts.push(inflateSync(one.bytes.subarray(one.from, one.to)));
  return Buffer.concat(parts);
}

test.each([
  ['as it was recorded', recorded],
  ['not compressed', Uint8Array.from(unpacked())],
])('whatever is damaged of a real trace, %s, what is read is sound', (_, bytes) => {
  expect(read(bytes)).toMatchObject({ ok: true });
  damage(bytes.slice(0, 30_000), read, 40);
});

/** Numbers that a field of 64 bits can hold, most of them such as there are. */
const number = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  fc.integer({ min: -3, max: 5_000_000 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
);
const field = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 327, 542, 70_000);
const name = fc.constantFrom(
  '',
  'kvm_exit',
  'sched_switch',
  'exit_reason',
  'isa',
  'pid',
  'comm',
  'CPU 0/KVM',
);
const known = fc.constantFrom(4, 17, 20, 114, 237, 239, 327, 376, 377, 399, 400, 491, 542, 70_000);

const scalar: fc.Arbitrary<Write> = fc.oneof(
  fc.tuple(field, number).map(([at, value]) => int(at, value)),
  fc.tuple(field, name).map(([at, value]) => text(at, value)),
);
const time = fc.oneof(fc.nat(5000), number).map((value) => int(1, value));
const event = fc
  .tuple(
    time,
    number,
    known,
    fc.array(
      fc.oneof(
        scalar,
        fc.array(scalar).map((parts) => part(2, ...parts)),
      ),
    ),
  )
  .map(([at, tid, kind, parts]) => part(2, at, int(2, tid), part(kind, ...parts)));
/** Columns that go together, and any others. */
const column = (size: number) => fc.array(number.map(Number), { minLength: size, maxLength: size });
const compact = fc
  .nat(4)
  .chain((size) =>
    fc
      .tuple(fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), column(size))), column(size))
      .map(([others, values]) =>
        part(
          4,
          text(5, 'a'),
          ...[1, 2, 3, 4, 6, 7, 8, 9, 10, 11].map((at) => packed(at, ...values)),
          ...others.map(([at, other]) => packed(at, ...other)),
        ),
      ),
  );
const descriptor = fc
  .tuple(number, name, fc.array(fc.tuple(name, number)))
  .map(([at, of, fields]) =>
    part(
      11,
      int(1, at),
      part(2, text(1, of), ...fields.map(([own, id]) => part(2, text(1, own), int(3, id)))),
    ),
  );
const bundle = fc
  .tuple(fc.oneof(fc.nat(5), number), fc.array(fc.oneof(event, event, compact, descriptor, scalar)))
  .map(([cpu, parts]) => part(1, int(1, cpu), ...parts));
const other = fc
  .tuple(
    fc.constantFrom(2, 6, 34, 35, 67),
    fc.array(
      fc.oneof(
        scalar,
        fc.array(scalar).map((all) => part(2, ...all)),
      ),
    ),
  )
  .map(([at, parts]) => part(at, ...parts));
const packets = fc.array(
  fc
    .array(fc.oneof({ weight: 3, arbitrary: bundle }, other, scalar), { maxLength: 3 })
    .map((parts) => packet(...parts)),
  { maxLength: 12 },
);

test('whatever its messages hold, what is read is sound, and so is its beginning', () => {
  fc.assert(
    fc.property(packets, fc.nat(20), (all, most) => {
      const bytes = message(...all);
      checkSound(read(bytes), bytes.length);
      checkSound(readPerfetto(memorySource(bytes), unpack, most), bytes.length);
    }),
    { numRuns: runs(400) },
  );
});
