import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkC, emitC } from '../../../server/src/emit/c/index.ts';
import { forKernels } from '../../../server/src/emit/c/old-kernels.ts';
import type { Profile } from '../../../server/src/kernel/profiles.ts';
import { snapshot } from '../../../server/src/pipeline.ts';
import { DEFAULTS } from '../../../server/src/workspace/settings.ts';
import { policy } from '../../support/policy.ts';
import { randomPolicy } from '../../support/random-policy.ts';
import { runs } from '../../support/runs.ts';

const HEAD = /^policy (\w+) for tracing/m;

/** The program of a text, for kernels from 6.1 on. */
const old = (text: string) => policy(widened(text)).program;

const widened = (text: string): string => text.replace(HEAD, 'policy $1 for tracing requires kernel >= 6.1');

/** Kernel functions without which the C does not load. */
const needed = (text: string): readonly string[] => {
  const main = emitC(old(text), { sourceName: 'p.pvpolicy', source: text })[0]?.text ?? '';
  return [...main.matchAll(/^.*\b(\w+)\(.*\) __ksym;$/gm)].map(([, name = '']) => name);
};

describe('a policy for kernels before 6.4', () => {
  it('needs no kernel function, or is told what those lack', () => {
    let clean = 0;
    const property = fc.property(randomPolicy, ({ text }) => {
      // Nothing becomes C that has errors, of which what such kernels lack is one.
      if (snapshot(widened(text), DEFAULTS).program === undefined) return;
      clean++;
      expect(needed(text)).toEqual([]);
    });
    fc.assert(property, { numRuns: runs(150), endOnFailure: true });
    expect(clean).toBeGreaterThan(5);
  });

  it.each([
    ['p.cpus_ptr.has(this_cpu())', 'masks'],
    ['can_run_on(p, this_cpu())', 'masks'],
    ['(cpus(0) | given).has(this_cpu())', 'masks'],
    ['(preempt_of(p) ? given : cpus(0)).empty', 'masks'],
    ['v.task.prio > 3', 'thread'],
  ])('is told that %s needs %s', (test, what) => {
    const text = `policy p for tracing
param given: cpumask = cpus(0..3)
counter hits
fn preempt_of(p: task) -> bool { return p.prio > 100 }
on tracepoint sched:sched_wakeup(p) {
    if let v = vcpu(p) { if ${test} { hits += 1 } }
}`;
    const messages = checkC(old(text)).map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringContaining(what));
  });

  it.each([['given.has(this_cpu())'], ['cpus(0..2).has(this_cpu())'], ['v.id > 3 && p.comm == "x"']])(
    'may ask %s',
    (test) => {
      const text = `policy p for tracing
param given: cpumask = cpus(0..3)
counter hits per task
on tracepoint sched:sched_wakeup(p) {
    if let v = vcpu(p) {
        if ${test} { hits[p] += 1 }
        for s in v.vm.vcpus max 8 { defer boost(s, RR, 2, for: 5ms) }
        defer pin(v, cpus(1))
    }
}`;
      expect(checkC(old(text))).toEqual([]);
      expect(needed(text)).toEqual([]);
    },
  );

  it('is one, too, that is held against the profile of such a kernel', () => {
    const { program } = policy('policy p for tracing');
    const imported = (name: string, helpers: readonly string[]): Profile =>
      ({ id: name, version: '6.12', mainline: true, imported: { name, helpers } }) as unknown as Profile;
    const required = (name: string, ...helpers: readonly string[]) =>
      forKernels(program, { profiles: [imported(name, helpers)], label: '' }).requires;
    expect(required('6.1.0-57-cloud-amd64')).toBe('6.1');
    expect(required('6.6.1')).toBeUndefined();
    expect(required('my kernel')).toBeUndefined();
    const helpers = Array.from({ length: 211 }, (_, i) => `bpf_helper_${i}`);
    expect(required('my kernel', ...helpers)).toBe('6.1');
    expect(required('my kernel', ...helpers, 'bpf_cgrp_storage_get')).toBeUndefined();
    // Too few to be all: nothing is known of the others.
    expect(required('my kernel', 'bpf_ktime_get_ns')).toBeUndefined();
  });
});
