import { describe, expect, it } from 'vitest';
import { expectDiagnostics } from './support.ts';

const policy = (waking: string, ipi: string, more = ''): string => `policy p for sched_ext
counter seen
${more}
on tracepoint sched:sched_waking(p) { if p.prio < 100 { ${waking} } }
on tracepoint ipi:ipi_send_cpu(cpu) { if cpu == 0 { ${ipi} } }
`;

describe('handlers that fire each other', () => {
  it('are found, also through functions, and the way around is told', () => {
    const text = policy(
      'outer()',
      'bpf_send_signal(10)',
      'fn outer() { inner()\nseen += 1 }\nfn inner() { kick(this_cpu()) } //~ PV4028',
    );
    const [found] = expectDiagnostics(text);
    expect(found?.related.map(({ message }) => message).slice(1)).toEqual([
      'which calls outer()',
      'which calls inner()',
      'kick() fires ipi_send_cpu',
      "'on tracepoint ipi:ipi_send_cpu' calls bpf_send_signal(), which fires sched_waking",
    ]);
  });

  it('are fine where the circle is open', () => {
    expectDiagnostics(policy('kick(this_cpu())', 'seen += 1'));
    expectDiagnostics(policy('seen += 1', 'bpf_send_signal(10)'));
  });
});
