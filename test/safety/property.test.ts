import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { diagnose } from './support.ts';

interface Graph {
  /** `calls[i]` are the functions that function i calls: only later ones, so nothing is recursive. */
  readonly calls: readonly (readonly number[])[];
  /** Functions that the hook calls. */
  readonly entries: readonly number[];
  /** The function with the forbidden call. */
  readonly guilty: number;
  /** How deep each call stands inside of `if` and `for`. */
  readonly nesting: number;
}

const graphs: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 14 }).chain((size) =>
  fc.record({
    calls: fc.tuple(
      ...Array.from({ length: size }, (_, i) =>
        i === size - 1
          ? fc.constant<number[]>([])
          : fc.uniqueArray(fc.integer({ min: i + 1, max: size - 1 }), { maxLength: 3 }),
      ),
    ),
    entries: fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 3 }),
    guilty: fc.integer({ min: 0, max: size - 1 }),
    nesting: fc.integer({ min: 0, max: 3 }),
  }),
);

const nested = (statement: string, depth: number): string =>
  depth === 0
    ? statement
    : depth % 2 === 0
      ? `if is_kthread(t) { ${nested(statement, depth - 1)} }`
      : `for i in 0..3 { if i > 0 { ${nested(statement, depth - 1)} } }`;

/** The policy of a graph; `forbidden` is what its guilty function does. */
function policy({ calls, entries, guilty, nesting }: Graph, forbidden: string): string {
  const functions = calls.map((callees, i) => {
    const body = callees.map((callee) => nested(`f${callee}(t)`, nesting));
    if (i === guilty) body.push(nested(forbidden, nesting));
    return `fn f${i}(t: task) {\n${[...body, 'seen += t.pid as u64'].join('\n')}\n}`;
  });
  const hook = ['seen += next.pid as u64', ...entries.map((entry) => `f${entry}(next)`)].join('\n');
  return [
    'policy p for tracing',
    'state { seen: u64 }',
    ...functions,
    `on tracepoint sched:sched_switch(preempt, prev, next) {\n${hook}\n}`,
  ].join('\n');
}

/** Functions that the hook reaches, by a search of its own. */
function reached({ calls, entries }: Graph): Set<number> {
  const seen = new Set<number>();
  const visit = (fn: number): void => {
    if (seen.has(fn)) return;
    seen.add(fn);
    calls[fn]?.forEach(visit);
  };
  entries.forEach(visit);
  return seen;
}

const unsafe = (text: string) => diagnose(text).filter(({ code }) => code.startsWith('PV4'));

describe('a forbidden call in a random call graph', () => {
  it('is found where the hook reaches it, by a way that exists, and is not where it does not', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const found = unsafe(policy(graph, 'scx_bpf_cpuperf_set(this_cpu(), 1024)'));
        if (!reached(graph).has(graph.guilty)) {
          expect(found).toEqual([]);
          return;
        }
        expect(found.map(({ code }) => code)).toEqual(['PV4001']);
        const steps = (found[0]?.related ?? []).flatMap(({ message }) => {
          const fn = /^which calls f(\d+)\(\)$/.exec(message)?.[1];
          return fn === undefined ? [] : [Number(fn)];
        });
        expect(graph.entries).toContain(steps[0]);
        expect(steps.at(-1)).toBe(graph.guilty);
        steps.slice(1).forEach((fn, i) => expect(graph.calls[steps[i] ?? -1]).toContain(fn));
      }),
      { numRuns: runs(60) },
    );
  });

  it('is the only thing that is reported: an allowed call never is', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(unsafe(policy(graph, 'if scx_bpf_cpuperf_cur(this_cpu()) > 512 { seen += 1 }'))).toEqual([]);
      }),
      { numRuns: runs(30) },
    );
  });

  it('is reported for each hook that reaches it and that it harms, and for no other', () => {
    const hooks = [
      { head: 'on tracepoint sched:sched_switch(preempt, prev, t)', harmed: true },
      { head: 'on tracepoint sched:sched_wakeup(t)', harmed: true },
      { head: 'on tracepoint sched:sched_process_exit(t)', harmed: false },
      { head: 'on tracepoint sched:sched_process_fork(parent, t)', harmed: false },
    ];
    const entries = fc.tuple(...hooks.map(() => fc.uniqueArray(fc.nat(13), { maxLength: 2 })));
    fc.assert(
      fc.property(graphs, entries, (graph, chosen) => {
        const size = graph.calls.length;
        const starts = chosen.map((fns) => fns.filter((fn) => fn < size));
        const text = [
          policy({ ...graph, entries: [] }, 'scx_bpf_cpuperf_set(this_cpu(), 1024)').replace(
            /on tracepoint[^]*$/,
            '',
          ),
          ...hooks.map(
            ({ head }, i) =>
              `${head} {\nseen += 1\n${(starts[i] ?? []).map((fn) => `f${fn}(t)`).join('\n')}\n}`,
          ),
        ].join('\n');
        const expected = hooks.filter(
          ({ harmed }, i) => harmed && reached({ ...graph, entries: starts[i] ?? [] }).has(graph.guilty),
        );
        const found = unsafe(text);
        expect(found.map(({ code }) => code)).toEqual(expected.map(() => 'PV4001'));
        expected.forEach(({ head }, i) => {
          const title = head.replace(/\(.*/, '');
          expect(found[i]?.related[0]?.message).toContain(`'${title}'`);
        });
      }),
      { numRuns: runs(40) },
    );
  });

  it('is found at the end of a chain of calls of any depth', () => {
    for (const depth of [1, 7, 60]) {
      const calls = Array.from({ length: depth }, (_, i) => (i + 1 < depth ? [i + 1] : []));
      const chain = { calls, entries: [0], guilty: depth - 1, nesting: 0 };
      const [found, ...others] = unsafe(policy(chain, 'scx_bpf_cpuperf_set(this_cpu(), 1024)'));
      expect(found?.code).toBe('PV4001');
      expect(found?.related).toHaveLength(depth + 2);
      expect(others).toEqual([]);
    }
  });
});
