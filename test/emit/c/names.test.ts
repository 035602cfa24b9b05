import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantName, literal, mangle, namespace } from '../../../server/src/emit/c/names.ts';
import { isReserved } from '../../../server/src/emit/c/reserved.ts';

describe('a name of the policy in C', () => {
  it.each([
    ['boost_prio', 'boost_prio'],
    ['int', 'pv_int'],
    ['typeof', 'pv_typeof'],
    ['constexpr', 'pv_constexpr'],
    ['bpf_printk', 'pv_bpf_printk'],
    ['scx_bpf_now', 'pv_scx_bpf_now'],
    ['SEC', 'pv_SEC'],
    ['__u64', 'pv___u64'],
    ['u64', 'pv_u64'],
    ['errno', 'pv_errno'],
    ['linux', 'pv_linux'],
    ['PF_KTHREAD', 'pv_PF_KTHREAD'],
    ['NULL', 'pv_NULL'],
    ['vcpus', 'pv_vcpus'],
    ['vm_stats', 'pv_vm_stats_2'],
    ['state', 'pv_state'],
    ['pv_min', 'pv_pv_min'],
    ['on_time', 'on_time'],
    ['internal', 'internal'],
    ['doubled', 'doubled'],
  ])('%s is %s', (name, c) => expect(mangle(name)).toBe(c));

  it('keeps apart long names that begin alike', () => {
    const long = 'a'.repeat(70);
    const [one, two] = [mangle(`${long}1`), mangle(`${long}2`)];
    expect(one).not.toBe(two);
    expect(one).toHaveLength(63);
    expect(one.startsWith('a'.repeat(50))).toBe(true);
  });

  const identifier = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,90}$/);
  const awkward = fc.constantFrom('int', 'pv_int', 'SEC', 'pv_SEC', 'pv_pv_int', 'state', 'pv_min', 'min');

  it('is never one that C has, never too long, and never that of another', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(identifier, awkward), { maxLength: 30 }), (names) => {
        const space = namespace();
        const given = names.map((name) => space.name(name));
        expect(new Set(given).size).toBe(names.length);
        for (const [i, c] of given.entries()) {
          expect(c.length).toBeLessThanOrEqual(63);
          expect(c).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
          if (isReserved(c)) expect(c.startsWith('pv_')).toBe(true);
          expect(space.name(names[i] ?? '')).toBe(c);
        }
      }),
    );
  });
});

it('constants are in upper case, except where that makes two the same', () => {
  expect(constantName('DSQ', 'sharedQueue', ['sharedQueue', 'other'])).toBe('DSQ_SHARED_QUEUE');
  expect(constantName('KIND', 'case', ['case', 'Case'])).toBe('KIND_case');
});

it('text becomes a literal that cannot be left', () => {
  expect(literal('a "b" \\ \n')).toBe('"a \\"b\\" \\\\ \\n"');
});
