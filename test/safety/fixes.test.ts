import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIVENESS } from '../../server/src/diagnostics/codes/liveness.ts';
import { SAFETY } from '../../server/src/diagnostics/codes/safety.ts';
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

/** Rows of docs/safety.md that say why there is no fix. */
const without = readFileSync('docs/safety.md', 'utf8')
  .split('## Quick fixes')[1]
  ?.split('\n## ')[0]
  ?.split('\n')
  .filter((line) => line.startsWith('| ['))
  .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/\[(PV\d+)\]/g)].map((match) => match[1] ?? ''));

/** Its page shows a list, of which a change is never one step. */
const IN_PART = ['PV4030'];

describe('each diagnostic', () => {
  const codes = [...Object.keys(SAFETY), ...Object.keys(LIVENESS)] as Code[];

  it.each(codes.filter((code) => !without?.includes(code) && !IN_PART.includes(code) && wrong(code) !== ''))(
    '%s has a fix that leaves a policy which checks clean, of the wrong one of its page',
    (code) => {
      const after = fixed(wrong(code), code);
      expect(diagnose(after), after).toEqual([]);
    },
  );

  it.each(without ?? [])('%s has none, as docs/safety.md says', (code) => {
    const found = diagnose(wrong(code)).filter((one) => one.code === code);
    expect(found.flatMap(({ fixes }) => fixes)).toEqual([]);
  });
});

describe('the quick fix', () => {
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

  describe('for a task that is lost', () => {
    const policy = (enqueue: string): string => `policy p for sched_ext
dsq one
on op enqueue(p, enq_flags) {
${enqueue}
}
on op dispatch() { scx_bpf_dsq_move_to_local(one) }
`;
    const insert = 'scx_bpf_dsq_insert(p, one, 5ms, enq_flags)';

    it.each([
      ['nothing is inserted', ''],
      ['a path returns first', `if p.pid > 9 { return }\n${insert}`],
      ['the last branch is missing', `if p.pid > 9 { ${insert} }`],
      ['a value may be absent', `if let v = vcpu(p) { scx_bpf_dsq_insert(v, one, 5ms, enq_flags) }`],
      ['a chain of branches has no last one', `if p.pid > 9 { ${insert} } else if p.pid > 5 { ${insert} }`],
      ['one of two conditions does not hold', `if p.pid > 9 && !is_kthread(p) { ${insert} }`],
    ])('inserts it where %s', (_, enqueue) => {
      const after = fixed(policy(enqueue), 'PV5001');
      expect(diagnose(after), after).toEqual([]);
    });

    it.each([
      ['a branch that loses it is in the middle', `if p.pid > 9 { p.scx.slice = 1ms } else { ${insert} }`],
      ['another path has inserted it before', `if p.pid > 9 { ${insert} }\nif p.pid > 12 { return }`],
    ])('is none where %s: it would be inserted twice', (_, enqueue) => {
      const found = diagnose(policy(enqueue)).find(({ code }) => code === 'PV5001');
      expect(found?.fixes).toEqual([]);
    });
  });

  it('changes shared state in one step, in both hooks', () => {
    const text = `policy p for tracing
state { total: u64 }
on tracepoint irq:irq_handler_entry(irq) { total = total + 2 }
on tracepoint sched:sched_process_exit(_) { total = total + 1 }
`;
    const after = fixed(text, 'PV4030');
    expect(after).toContain('total += 2');
    expect(after).toContain('total += 1');
    expect(diagnose(after)).toEqual([]);
    const list = text.replace('total = total + 1', 'total = total * 3');
    expect(diagnose(list).find(({ code }) => code === 'PV4030')?.fixes).toEqual([]);
  });

  it.each([
    ['is dropped', 'scx_bpf_pick_idle_cpu(p.cpus_ptr, 0)'],
    ['has a name', 'let c = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0)\nif c == none { full += 1 }'],
    ['is there', 'if let c = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0) { if c == 3 { full += 1 } }'],
  ])('kicks an idle CPU that %s', (_, claim) => {
    const text = `policy p for sched_ext
dsq one
counter full
on op enqueue(p, enq_flags) {
    scx_bpf_dsq_insert(p, one, 5ms, enq_flags)
    full += 1
    ${claim}
}
on op dispatch() { scx_bpf_dsq_move_to_local(one) }
`;
    expect(diagnose(fixed(text, 'PV5019'))).toEqual([]);
  });

  it('adds the time of the last boost to the state that there is, and not twice', () => {
    const text = (field: string): string => `policy p for tracing
state vcpu { ${field}: u64 }
on tracepoint kvm:kvm_exit(_, _) {
    if let v = current_vcpu() {
        v.${field} += 1
        defer boost(v, FIFO, 8, for: 5ms)
    }
}
`;
    const after = fixed(text('exits'), 'PV5016');
    expect(after).toContain('state vcpu { exits: u64, boosted_at: instant }');
    expect(diagnose(after)).toEqual([]);
    expect(diagnose(text('boosted_at')).find(({ code }) => code === 'PV5016')?.fixes).toEqual([]);
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
