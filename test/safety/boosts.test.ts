import { describe, it } from 'vitest';
import { expectDiagnostics } from './support.ts';

const policy = (hook: string, body: string, more = ''): string => `policy p for tracing
shared hint { urgent: bool }
state vcpu { last: instant, on: bool }
counter urgent
${more}
on tracepoint sched:sched_switch(preempt, prev, next) {
    if let v = vcpu(next) {
        v.last = now()
        v.on = preempt
        if v.hint.urgent && v.on && now() - v.last > 1ms { urgent += 1 }
    }
}
on tracepoint ${hook} {
    if let v = current_vcpu() {
${body}
    }
}
`;
const EXIT = 'kvm:kvm_exit(_, _)';
const BOOST = 'defer boost(v, FIFO, 8, for: 5ms)';

describe('a boost', () => {
  it('that a frequent hook renews each time never ends, also by a function', () => {
    expectDiagnostics(policy(EXIT, `${BOOST} //~ PV5016`));
    expectDiagnostics(policy(EXIT, 'go(v)', `fn go(v: vcpu) { ${BOOST} } //~ PV5016`));
  });

  it('is fine in a hook that fires on occasion, and behind any test', () => {
    expectDiagnostics(policy('kvm:kvm_vcpu_wakeup(_, _, _)', BOOST));
    expectDiagnostics(policy(EXIT, `if !v.on { ${BOOST} }`));
    expectDiagnostics(policy(EXIT, `if v.on { return }\n${BOOST}`));
    expectDiagnostics(policy(EXIT, `if v.id == 0 { ${BOOST} }`));
    expectDiagnostics(policy(EXIT, `let ago = now() - v.last\nif ago > 1ms { ${BOOST} }`));
  });

  it("that nothing but a hint decides is the guest's", () => {
    expectDiagnostics(policy(EXIT, `if v.hint.urgent { ${BOOST} } //~ PV5017`));
    expectDiagnostics(policy(EXIT, `if v.hint.urgent && !v.on { ${BOOST} }`));
    expectDiagnostics(policy(EXIT, `if v.hint.urgent { if now() - v.last > 1ms { ${BOOST} } }`));
  });
});
