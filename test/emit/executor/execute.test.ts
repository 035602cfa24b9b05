import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { execution } from '../../../server/src/emit/executor/execute.ts';
import type { Value } from '../../../server/src/emit/executor/host.ts';
import { snapshot } from '../../../server/src/emit/executor/store.ts';
import type { Scope } from '../../../server/src/semantics/model.ts';
import { policy } from '../../support/policy.ts';
import { fakeHost, type FakeHost } from './fake-host.ts';

const SWITCH = 'on tracepoint sched:sched_switch(preempt, prev, next, prev_state)';

interface Ran {
  readonly host: FakeHost;
  readonly state: (scope: Scope, entity: number) => Readonly<Record<string, Value>> | undefined;
  readonly lines: () => Record<number, number>;
  readonly again: () => void;
  readonly branches: () => number[][];
}

/** Runs the body of a sched_switch from task 10 to task 20 once. */
function run(body: string, declarations = '', prepare: (host: FakeHost) => void = () => undefined): Ran {
  const text = `policy t for tracing\n${SWITCH} {\n${body}\n}\n${declarations}\n`;
  const host = fakeHost();
  prepare(host);
  const { machine, handlers } = execution(policy(text).program, 'host', host);
  const again = (): void => {
    const [handler] = handlers;
    if (!handler) throw new Error('no handler');
    for (const [i, value] of [false, 10, 20, 1].entries()) handler.frame[i] = value;
    handler.run();
  };
  again();
  return {
    host,
    again,
    state: (scope, entity) => {
      const store = machine.stores.get(scope);
      return store && snapshot(store, entity);
    },
    lines: () => {
      const { statements, counts } = machine.hits;
      return Object.fromEntries(
        statements.map(({ start, count }) => [text.slice(0, start).split('\n').length, counts[count] ?? 0]),
      );
    },
    branches: () =>
      machine.hits.branches.map(({ first, ways }) => [...machine.hits.ways.subarray(first, first + ways)]),
  };
}

/** The value of global `x` after the body ran. */
const x = (body: string, type = 'u64', more = ''): Value =>
  run(body, `state { x: ${type} }\n${more}`).state('global', 0)?.['x'];

describe('stores', () => {
  test('cut to the width of the place', () => {
    expect(x('x = 255\nx += 3', 'u8')).toBe(2);
    expect(x('x = 127\nx += 3', 's8')).toBe(-126);
    expect(x('x = 0\nx -= 1', 'u16')).toBe(65535);
    expect(x('x -= 1', 'u64')).toBe(18446744073709551615n);
  });

  test('stop at zero where clocks are subtracted', () => {
    expect(x('x = 1ms\nx -= 2ms', 'duration')).toBe(0);
    expect(x('x -= 2ms', 'vtime')).toBe(18446744073707551616n);
  });

  test('compute the value first', () => {
    expect(x('x = 5\nx += bump()', 'u64', 'fn bump() -> u64 { x = 100\nreturn 1 }')).toBe(101);
  });
});

describe('functions', () => {
  test('may be arguments of themselves', () => {
    const declared = 'fn pair(a: u64, b: u64) -> u64 { return a * 10 + b }';
    expect(x('x = pair(pair(1, 2), pair(3, 4))', 'u64', declared)).toBe(154);
  });

  test('leave at the first return, out of loops too', () => {
    const declared = 'fn find() -> u64 { for i in 0..9 { if i == 4 { return i } }\nreturn 99 }';
    expect(x('x = find()', 'u64', declared)).toBe(4);
  });
});

describe('loops', () => {
  test('break, continue and bounds', () => {
    expect(x('for i in 0..10 { if i == 2 { continue }\nif i == 5 { break }\nx += i }')).toBe(0 + 1 + 3 + 4);
    expect(x('var n: u64 = 7\nfor i in 0..n max 3 { x += 1 }')).toBe(3);
    expect(x('for c in cpus(1, 3..3) { x += c as u64 }')).toBe(4);
    expect(x('for m in vms max 8 { for v in m.vcpus max 1 { x += v.tid as u64 } }')).toBe(30);
  });
});

describe('lists', () => {
  const state = 'state vm { l: list of vcpu max 2 }\nstate { x: u64 }';
  const list = (body: string): Value =>
    run(`if let v = vcpu(prev) {\n${body}\n}`, state).state('vm', 0)?.['l'];

  test('refuse what is too much and put the last one where one was taken out', () => {
    expect(list('v.vm.l.push(v)')).toEqual([10]);
    expect(list('for i in 0..5 { v.vm.l.push(v) }')).toEqual([10, 10]);
    expect(list('v.vm.l.push(v)\nif let w = vcpu(next) { v.vm.l.push(w) }\nv.vm.l.remove(v)')).toEqual([20]);
    expect(list('v.vm.l.push(v)\nv.vm.l.clear()')).toEqual([]);
  });

  test('give none beyond their end', () => {
    const body =
      'if let v = vcpu(prev) { v.vm.l.push(v)\nif let w = v.vm.l[0] { x = 1 }\nif let w = v.vm.l[1] { x = 2 } }';
    expect(run(body, state).state('global', 0)).toEqual({ x: 1 });
  });
});

test('a counter that wraps around to zero is zero', () => {
  const body = 'n += 18446744073709551615\nn += 1\nx = 7 / n + (n == 0 ? 1 : 2)';
  expect(run(body, 'state { x: u64 }\ncounter n').state('global', 0)).toEqual({ x: 1 });
});

test('the sum of a ring has the width of its values, and the mean is right all the same', () => {
  const { state } = run(
    'for i in 0..4 { current().r.push(200) }\nx = current().r.sum as u64 * 1000 + current().r.avg as u64',
    'state task { r: ring of u8 max 4 }\nstate { x: u64 }',
  );
  expect(state('global', 0)).toEqual({ x: (800 % 256) * 1000 + 200 });
});

test('a ring keeps the newest values', () => {
  const { state } = run(
    'for i in 0..6 { current().r.push(i) }\nx = current().r.sum * 1000 + current().r.max * 100 + current().r.avg * 10 + current().r.len',
    'state task { r: ring of u64 max 4 }\nstate { x: u64 }',
  );
  expect(state('task', 10)).toEqual({ r: [2, 3, 4, 5] });
  expect(state('global', 0)).toEqual({ x: 14 * 1000 + 500 + 30 + 4 });
});

test('a moving average begins with its first sample and moves by its weight', () => {
  const samples = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: 1, maxLength: 20 });
  const text = `policy t for tracing\nstate { a: ewma(1/8) of u64 }\n${SWITCH} { a.update(prev.start_time as u64) }`;
  const { program } = policy(text);
  fc.assert(
    fc.property(samples, (values) => {
      const host = fakeHost();
      let sample = 0;
      const { machine, handlers } = execution(program, 'host', {
        ...host,
        kernelField: () => ({ load: () => sample, store: () => undefined }),
      });
      let expected: bigint | undefined;
      for (sample of values) {
        handlers[0]?.run();
        const next = BigInt(sample);
        if (expected === undefined) expected = next;
        else if (next >= expected) expected += ((next - expected) * 128n) >> 10n;
        else expected -= ((expected - next) * 128n) >> 10n;
      }
      const store = machine.stores.get('global');
      expect(store && snapshot(store, 0)).toEqual({ a: Number(expected) });
    }),
  );
});

test('match takes the first arm that fits, ranges with both ends', () => {
  const arms = '{ 0 => x = 1\n1..3 | 7 => x = 2\n_ => x = 3 }';
  expect(x(`match prev_state ${arms}`)).toBe(2);
  const more = 'enum E { A, B = 5 }\nfn e() -> E { return E.B }';
  expect(x('match e() { E.A => x = 1\nE.B => x = 2 }', 'u64', more)).toBe(2);
});

describe('masks', () => {
  test.each([
    ['cpus(0..3) & cpus(2, 9)', 1, 2],
    ['cpus(0) | cpus(3)', 2, 0],
    ['cpus(0..2) ^ cpus(1)', 2, 0],
    ['~cpus(0..2)', 1, 3],
  ])('%s', (mask, count, first) => {
    expect(x(`x = (${mask}).count`)).toBe(count);
    expect(x(`if let c = (${mask}).first { x = c as u64 }`)).toBe(first);
  });

  test('of no CPU have no first one', () => {
    expect(x('if let c = (cpus(0) & cpus(1)).first { x = 1 } else { x = 2 }')).toBe(2);
    expect(x('if (cpus(0) & cpus(1)).empty && cpus(0).has(0) { x = 3 }')).toBe(3);
  });
});

test('params, tables and hints come from outside', () => {
  const declared = 'param p: u64 = 5\ntable t: vm -> u64 = 7\nshared hint { h: u8 }\nstate { x: u64 }';
  const body = 'if let v = vcpu(prev) { x = p * 100 + t[v.vm] * 10 + v.hint.h as u64 }';
  expect(run(body, declared).state('global', 0)).toEqual({ x: 570 });
  const prepared = run(body, declared, (host) => {
    host.rows.set('t 0', 8);
    host.hints.set('10 h', 3);
  });
  expect(prepared.state('global', 0)).toEqual({ x: 583 });
});

test('actions get their arguments as plain values, and logs read as the generated C prints them', () => {
  const { host } = run(
    'defer boost(prev, FIFO, 8, for: 500us)\nlog "{1500us} {prev_state == 1} {this_cpu()} {prev} {prev.comm} {niceness}"',
    'param niceness: nice = -3',
  );
  expect(host.asked).toEqual(['boost(10, 1, 8, 500000)', 'log 1500000ns 1 0 10 task10 -3']);
});

test('each statement and each way of a branch is counted', () => {
  const { lines, again, branches } = run(
    'if prev_state == 1 {\nx += 1\n} else {\nx += 2\n}',
    'state { x: u64 }',
  );
  again();
  expect(lines()).toEqual({ 3: 2, 4: 2, 6: 0 });
  expect(branches()).toEqual([[2, 0]]);
});

test('two entities have states of their own', () => {
  const { state } = run('prev.n = 1\nnext.n = 2', 'state task { n: u64 }');
  expect([state('task', 10), state('task', 20), state('task', 30)]).toEqual([{ n: 1 }, { n: 2 }, undefined]);
});
