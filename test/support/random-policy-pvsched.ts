import { policyFor, type Tapes } from './random-policy-host.ts';
import { braced, joined, usesOf, type RandomPolicy } from './random-policy-parts.ts';
import { body } from './random-policy-statements.ts';
import { action } from './random-policy-things.ts';

const EVENTS = ['vmexit', 'vmenter', 'halt', 'intr_inj', 'register', 'unregister'] as const;

/** The policy for pvsched that these choices make. */
export function pvschedPolicyFrom(tapes: Tapes): RandomPolicy {
  const { main: c } = tapes;
  return policyFor(tapes, 'pvsched', ({ base, scope, stored, functions, readers }) => {
    const v = { text: 'v', type: 'vcpu' } as const;
    const inner = { ...scope, things: [...base.things, v], clock: true };
    const events = EVENTS.filter((_, i) => i === 0 || c.flip());
    const hooks = events.map((event, i) => {
      const calls = i === 0 ? usesOf(c, [...functions, ...readers], [v]) : [];
      return braced(`on pvsched ${event}(v)`, body(c, inner, stored, action, { leave: 'return' }, calls));
    });
    return joined(hooks);
  });
}
