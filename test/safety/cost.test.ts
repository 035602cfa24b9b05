import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { diagnose, expectDiagnostics } from './support.ts';

const inSwitch = (body: string, more = ''): string => `policy p for tracing
state { total: u64 }
${more}
on tracepoint sched:sched_switch(preempt, prev, next) {
${body}
}
`;

describe('what a hook may cost', () => {
  it('is fine for what a policy usually walks', () => {
    expectDiagnostics(
      inSwitch(
        `    for c in cpus(next.cpus_ptr) { if this_cpu() == c { total += c.load } }
    for i in 0..100 { total += i * 3 }
    if let v = vcpu(next) { for s in v.vm.vcpus max 32 { total += s.id as u64 } }`,
        'state cpu { load: u64 }',
      ),
    );
  });

  it('multiplies loops, through functions', () => {
    const found = expectDiagnostics(
      inSwitch(
        '    for i in 0..100 { inner() } //~ PV5009',
        'fn inner() { for i in 0..1000 { total += i } }',
      ),
    );
    expect(found[0]?.message).toContain('200,100 operations');
    expectDiagnostics(
      inSwitch(
        '    for i in 0..2000 { inner() } //~ PV5008',
        'fn inner() { for i in 0..1000 { total += i } }',
      ),
    );
  });

  it('takes the dearest of the branches, not their sum', () => {
    expectDiagnostics(
      inSwitch(
        '    if preempt { for i in 0..3000 { total += i } } else { for i in 0..3000 { total += i } } //~ PV5009',
      ),
    );
    expectDiagnostics(
      inSwitch('    if preempt { for i in 0..2000 { total += i } } else { for i in 0..2000 { total += i } }'),
    );
  });

  it('points at the loop, by the functions that lead to it', () => {
    const text = inSwitch(
      '    outer()',
      'fn outer() { inner() }\nfn inner() { for i in 0..9000 { total += i } }',
    );
    const [found] = diagnose(text);
    expect(text.slice(found?.span.start, found?.span.end)).toBe('0..9000');
    expect(found?.related.map(({ message }) => message).slice(1)).toEqual([
      'which calls outer()',
      'which calls inner()',
    ]);
  });

  it('may be more where nothing waits', () => {
    expectDiagnostics(`policy p for tracing
state { total: u64 }
every 10ms { for i in 0..9000 { total += i } }
on tracepoint kvm:kvm_vcpu_wakeup(ns, waited, valid) { for i in 0..9000 { total += i } }
on init { for i in 0..900_000 { total += i } } //~ PV5009
`);
  });

  it('is told of hundreds of functions that call each other', () => {
    const fns = Array.from(
      { length: 300 },
      (_, i) => `fn f${i}() { ${i === 0 ? 'total += 1' : `f${i - 1}()`} }`,
    );
    expect(() => diagnose(inSwitch('    f299()', fns.join('\n')))).not.toThrow();
  });

  it('grows with every loop around it, and is reported just when it is over the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }), (rounds) => {
        const body = rounds.reduceRight(
          (inner, n, i) => `for i${i} in 0..${n} { total += i${i}\n${inner} }`,
          '',
        );
        // Each round is one operation besides the addition and the inner loop.
        const cost = rounds.reduceRight((inner, n) => n * (inner + 2), 0);
        const codes = diagnose(inSwitch(body)).map(({ code }) => code);
        expect(codes).toEqual(cost > 1_000_000 ? ['PV5008'] : cost > 5000 ? ['PV5009'] : []);
      }),
      { numRuns: runs(60) },
    );
  });
});
