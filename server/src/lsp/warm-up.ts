import { snapshot } from '../pipeline.ts';
import { DEFAULTS } from '../workspace/settings.ts';
import { nextTurn } from './turns.ts';

/** Without errors, so that every stage has something to do. */
export const WARM_UP = `policy warm_up for pvsched
param limit: duration = 5ms in 1ms..10ms
state vcpu { since: instant }
counter boosts per vm
fn waited(v: vcpu) -> bool { return now() - v.since > limit }
on tracepoint kvm:kvm_inj_virq(vector) {
    if let v = current_vcpu() {
        if waited(v) { defer boost(v, FIFO, 8, for: limit) }
        v.since = now()
        boosts[v.vm] += 1
    }
}
on pvsched halt(v) { defer unboost(v) }
invariant bounded(v: vcpu) { always now() - v.since <= 20ms }
`;

/**
 * Runs every stage once while the client gets ready, unless there is a policy to do it with: the parser is built and the
 * catalogue unpacked when they are first needed, for which the first policy would wait. Messages that come are read in
 * between.
 */
export function warmUp(wanted: () => boolean): void {
  const { advance } = snapshot(WARM_UP, DEFAULTS);
  const step = (): void => {
    if (wanted() && !advance('diagnostics', () => false)) nextTurn(step);
  };
  nextTurn(step);
}
