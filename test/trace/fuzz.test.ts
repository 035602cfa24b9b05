import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../server/src/trace/kinds.ts';
import { sniff } from '../../server/src/trace/sniff.ts';
import { disordersIn, stableOrder } from '../../server/src/trace/stable-order.ts';
import { runs } from '../support/runs.ts';
import { checkSound } from './sound.ts';
import { comparable, eventsOf, example, line, read, readTrace, textOf } from './support.ts';

const short = ['eevdf-3vm.trace.gz', 'kvm-overcommit4.trace.gz'].map((name) =>
  textOf(example(name)).subarray(0, 12_000),
);
const perf = new TextEncoder().encode(
  Array.from(
    { length: 40 },
    (_, i) =>
      `   CPU ${i % 3}/KVM  9${i}/1${i} [00${i % 4}]  30.0000${10 + i}: sched:sched_wakeup: comm=a pid=${i} prio=1 target_cpu=1\n`,
  ).join(''),
);
const sample = fc.constantFrom(...short, perf);

describe('whatever the bytes', () => {
  test('are random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        sniff(bytes);
        checkSound(read(bytes), bytes.length);
      }),
    );
  });

  test('look like the parts of a trace', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '-',
        '[001]',
        ' ',
        '  ',
        '12.000001:',
        ': ',
        '\n',
        '(',
        ')',
        '/',
        '#',
        '\r\n',
        ' ==> ',
        '[',
        ']',
      ),
      fc.constantFrom(
        ...KINDS.map(({ name }) => `${name}: `),
        'sched:sched_switch: ',
        'd..2. ',
        'vcpu 1',
        'CPU:0 [LOST 5 EVENTS]',
      ),
      fc.constantFrom(
        ' pid=',
        'comm=',
        ' prio=',
        ' target_cpu=',
        'prev_comm=',
        ' prev_pid=',
        ' next_pid=',
        ' next_prio=',
      ),
      fc.nat({ max: 5_000_000 }).map(String),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), fc.boolean(), (parts, ended) => {
        const text = new TextEncoder().encode(parts.join('') + (ended ? '\n' : ''));
        checkSound(read(text), text.length);
      }),
      { numRuns: runs(300) },
    );
  });

  test('are those of an event with another payload', () => {
    const payload = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.stringMatching(/^[a-z_]{1,9}=[-0-9a-fx]{1,20}( [a-z_]{1,9}=[0-9]{1,20}){0,4}$/),
    );
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), payload, ({ name }, rest) => {
        const text = new TextEncoder().encode(`${line(`${name}: ${rest}`)}\n`);
        checkSound(read(text), text.length);
      }),
      { numRuns: runs(500) },
    );
  });

  test('are cut off anywhere', () => {
    fc.assert(
      fc.property(sample, fc.nat({ max: 12_000 }), (text, length) => {
        const cut = text.subarray(0, length);
        const result = read(cut);
        checkSound(result, cut.length);
        // All whole lines are there.
        const lines = cut.subarray(0, cut.lastIndexOf(10) + 1);
        const whole = read(lines);
        expect(result.ok).toBe(whole.ok);
        expect(result.ok && eventsOf(result.trace)).toEqual(whole.ok && eventsOf(whole.trace));
      }),
    );
  });

  test('have flipped bits', () => {
    const flips = fc.array(fc.tuple(fc.nat({ max: 11_999 }), fc.nat({ max: 7 })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(sample, flips, (text, places) => {
        const bytes = Uint8Array.from(text);
        for (const [at, bit] of places) if (at < bytes.length) bytes[at]! ^= 1 << bit;
        checkSound(read(bytes), bytes.length);
      }),
    );
  });

  test('come in any pieces', () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 5000 }));
    fc.assert(
      fc.property(sample, sizes, fc.nat({ max: 11_999 }), fc.nat({ max: 255 }), (text, size, at, byte) => {
        const bytes = Uint8Array.from(text.subarray(0, 6000));
        bytes[at % bytes.length] = byte;
        expect(comparable(read(bytes, size))).toEqual(comparable(read(bytes)));
      }),
    );
  });
});

describe('names of tasks', () => {
  test('of any 15 bytes are read back', () => {
    const name = fc
      .uint8Array({ minLength: 1, maxLength: 15, min: 0x20, max: 0x7e })
      .map((bytes) => String.fromCharCode(...bytes));
    fc.assert(
      fc.property(name, name, (prev, next) => {
        const event = `sched_switch: prev_comm=${prev} prev_pid=8 prev_prio=120 prev_state=S ==> next_comm=${next} next_pid=9 next_prio=100`;
        const trace = readTrace(`${line(event, { comm: prev, tid: 8 })}\n`);
        expect(eventsOf(trace)).toMatchObject([{ tid: 8, fields: { prev_pid: 8, next_pid: 9 } }]);
        expect([trace.tasks.get(8)?.comm, trace.tasks.get(9)?.comm]).toEqual([prev, next]);
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe('stableOrder', () => {
  test('sorts, and keeps the order of what is equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (keys) => {
        const sorted = keys
          .map((key, index) => ({ key, index }))
          .toSorted((left, right) => left.key - right.key);
        expect([...stableOrder(Float64Array.from(keys))]).toEqual(sorted.map(({ index }) => index));
      }),
    );
  });

  test('sorts what is in disorder alone, each part on its own', () => {
    const jitter = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(
        fc.array(jitter, { maxLength: 3000, size: 'max' }),
        fc.integer({ min: 1, max: 300 }),
        (late, many) => {
          const keys = Float64Array.from(late, (by, index) => index - (by < many ? by : 0));
          const sorted = keys.slice();
          let end = 0;
          for (const { from, to } of disordersIn(keys)) {
            expect(from).toBeGreaterThanOrEqual(end);
            sorted.set(keys.slice(from, to).sort(), from);
            end = to;
          }
          expect(sorted).toEqual(keys.toSorted());
        },
      ),
    );
  });
});
