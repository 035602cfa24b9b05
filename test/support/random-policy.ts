import fc from 'fast-check';
import { Choices } from './random-choices.ts';
import type { Scope } from './random-policy-expressions.ts';
import { policyFor, type Tapes } from './random-policy-host.ts';
import { braced, uses, type RandomPolicy } from './random-policy-parts.ts';
import { pvschedPolicyFrom } from './random-policy-pvsched.ts';
import { schedExtPolicyFrom } from './random-policy-sched-ext.ts';
import { body } from './random-policy-statements.ts';
import { action } from './random-policy-things.ts';

export type { RandomPolicy, RandomSide } from './random-policy-parts.ts';

const tape = (maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(0xffff), { maxLength, size: 'max' });

const TAPES = { main: tape(350), life: tape(80), guest: tape(120) };

/** Random policies that `make` makes of choices; they shrink to short ones. */
const random = <Name extends string>(
  tapes: Record<Name, fc.Arbitrary<number[]>>,
  make: (tapes: Record<Name, Choices>) => RandomPolicy,
): fc.Arbitrary<RandomPolicy> =>
  fc.record(tapes).map((numbers) => {
    const choices = Object.entries<number[]>(numbers).map(([name, tape]) => [name, new Choices(tape)]);
    const policy = make(Object.fromEntries(choices) as Record<Name, Choices>);
    return { ...policy, [fc.toStringMethod]: () => `\n${policy.text}` };
  });

/** Random policies for tracing, for sched_ext and for pvsched, that are free of errors. */
export const randomPolicy = random(TAPES, policyFrom);
export const randomSchedExtPolicy = random({ ...TAPES, hooks: tape(400) }, schedExtPolicyFrom);
export const randomPvschedPolicy = random(TAPES, pvschedPolicyFrom);

/** The policy for tracing that these choices make. */
export function policyFrom(tapes: Tapes): RandomPolicy {
  const { main: c } = tapes;
  return policyFor(tapes, 'tracing', ({ base, scope, stored, functions, readers }) => {
    const hook: Scope = {
      ...scope,
      values: [...base.values, { text: 'prev.pid', type: 'u32' }],
      clock: true,
    };
    const calls = [...uses(c, [...functions, ...readers], 'prev'), ...requests(c)];
    const text = body(c, hook, stored, c.flip() ? action : undefined, { leave: 'return' }, calls);
    return braced('on tracepoint sched:sched_switch(preempt, prev, next)', text);
  });
}

/** Things to ask of the agent: what only the verifier holds against the kernel. */
function requests(c: Choices): string[] {
  const ways = [
    [],
    ['defer boost(next, FIFO, 5, for: 20ms)', 'if preempt { defer unboost(next) }'],
    ['defer set_nice(prev, -3)'],
    ['if let v = vcpu(next) { defer set_weight(v, 200) }'],
    ['if let v = current_vcpu() { defer boost(v, RR, 2, for: 30ms) } else { defer unboost(prev) }'],
  ];
  return c.pick(ways);
}
