import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Code } from '../../server/src/diagnostics/table.ts';
import { diagnose } from './support.ts';

const wrong = (code: string): string =>
  /```pvpolicy\n(.*?)```/s.exec(readFileSync(`docs/diagnostics/${code}.md`, 'utf8'))?.[1] ?? '';

/** The text after the first fix of the first diagnostic with the code. */
function fixed(text: string, code: Code): string {
  const fix = diagnose(text).find((one) => one.code === code)?.fixes[0];
  if (fix === undefined) throw new Error(`no fix for ${code}`);
  const edits = fix.edits.toSorted((a, b) => b.span.start - a.span.start);
  return edits.reduce(
    (all, { span, newText }) => all.slice(0, span.start) + newText + all.slice(span.end),
    text,
  );
}

describe('the quick fix', () => {
  it.each<Code>(['PV4001', 'PV4031', 'PV5003', 'PV5004', 'PV5008', 'PV5018'])(
    "of %s leaves a policy that checks clean, of its page's wrong one",
    (code) => {
      const after = fixed(wrong(code), code);
      expect(diagnose(after), after).toEqual([]);
    },
  );

  it('takes tasks from the queue in the dispatch that there is', () => {
    const text = `policy p for sched_ext
dsq one
dsq two
on op enqueue(p, enq_flags) {
    scx_bpf_dsq_insert(p, p.pid > 9 ? one : two, 5ms, enq_flags)
}
on op dispatch() { scx_bpf_dsq_move_to_local(one) }
`;
    expect(diagnose(fixed(text, 'PV5003'))).toEqual([]);
  });

  it('does not move a call that uses what only the hook has', () => {
    const text = `policy p for tracing
on tracepoint sched:sched_switch(preempt, prev, next) {
    scx_bpf_cpuperf_set(this_cpu(), next.pid as u32)
}
`;
    const [found] = diagnose(text);
    expect(found?.code).toBe('PV4001');
    expect(found?.fixes).toEqual([]);
  });

  it('takes a test of the affinity in the middle of an expression for one, and no other test', () => {
    const policy = (queue: string): string =>
      `policy p for sched_ext\non op enqueue(p, enq_flags) { scx_bpf_dsq_insert(p, ${queue}, 5ms, enq_flags) }\n`;
    const codes = (queue: string): string[] => diagnose(policy(queue)).map(({ code }) => code);
    expect(codes('can_run_on(p, 1) ? local_on(1) : LOCAL')).toEqual([]);
    expect(codes('!can_run_on(p, 1) ? LOCAL : local_on(1)')).toEqual([]);
    expect(codes('can_run_on(p, 1) ? local_on(2) : LOCAL')).toEqual(['PV5004']);
    expect(codes('can_run_on(p, 1) ? LOCAL : local_on(1)')).toEqual(['PV5004']);
    expect(codes('p.pid > 3 ? local_on(1) : LOCAL')).toEqual(['PV5004']);
  });
});
