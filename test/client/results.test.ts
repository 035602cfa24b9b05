import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineMap } from '../../client/src/compiled/line-map.ts';
import { duration, figure } from '../../client/figures.ts';
import { lineMarks } from '../../client/src/results/marks.ts';
import { dataUri, distributionSvg, INKS, momentsSvg } from '../../client/src/results/picture.ts';
import { shiftLine, type Edit } from '../../client/src/results/shift.ts';
import { waysAt } from '../../client/src/results/ways.ts';
import { policyNodes, type PolicyNode } from '../../client/src/views/policy-nodes.ts';
import { outlineOf } from '../../server/src/lsp/outline.ts';
import { filesOf, snapshot } from '../../server/src/pipeline.ts';
import { simulateSnapshot } from '../../server/src/simulation.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';

const examples = join(dirname(fileURLToPath(import.meta.url)), '../../examples');
const text = readFileSync(join(examples, 'spin_guard.pvpolicy'), 'utf8');
const lines = text.split('\n');
const policy = snapshot(text, DEFAULTS);
const outline = outlineOf(policy);

async function simulated() {
  const file = join(examples, 'traces/eevdf-3vm.trace.gz');
  const opened = await openTrace(file);
  if (!opened.ok) throw new Error(opened.error.message);
  const outcome = simulateSnapshot(policy, opened.trace, file, {
    scenario: policy.model.scenarios[0],
    params: [],
  });
  if (!outcome.ok) throw new Error('the example does not run');
  return outcome.report;
}

describe('marks', () => {
  test('of a first part tell what happened so far, and nothing that the rest may change', async () => {
    const whole = await simulated();
    const report = {
      ...whole,
      replay: { ...whole.replay, hooks: [...whole.replay.hooks, { hook: 'exit', line: 1, fired: 0 }] },
    };
    const marks = lineMarks({ report, others: [], params: {}, partial: true }, new Map());
    const texts = new Map(marks.map(({ line, parts }) => [line, parts.map(({ text }) => text).join()]));
    const at = (word: string) => texts.get(lines.findIndex((one) => one.includes(word)) + 1);
    expect(at('on tracepoint kvm:kvm_exit')).toBe('fired 726×');
    expect(at('expect max(preempted_for')).toBe('… running');
    expect(texts.get(1)).toBe('not fired yet');
    expect([...texts.values()].join()).not.toMatch(/never|✓|✗/);
    expect(marks.filter(({ neverRan }) => neverRan)).toEqual([]);
  });

  test('tell hits, effects and verdicts on the lines that caused them', async () => {
    const report = await simulated();
    const header = { name: 'policy', line: outline.line ?? 0 };
    const declared = [header, ...outline.params, ...outline.scenarios];
    const lineOf = new Map(declared.map(({ name, line }) => [name, line]));
    const marks = lineMarks({ report, others: [], params: { spin_after: '1ms' }, partial: false }, lineOf);
    const at = (word: string): string => {
      const line = lines.findIndex((one) => one.includes(word)) + 1;
      return (
        marks
          .find((mark) => mark.line === line)
          ?.parts.map(({ text }) => text)
          .join(' · ') ?? ''
      );
    };
    expect(at('on tracepoint kvm:kvm_exit')).toBe('fired 726×');
    expect(at('defer boost(')).toBe('boost 1× on 1 thread, 9.89 ms in all');
    expect(at('expect max(preempted_for')).toBe('✓ 13.7 ms');
    expect(at('param spin_after')).toBe('simulated with 1ms');
    expect(at('policy spin_guard')).toBe('✓ 3 of 3 hold');
    const [first, ...rest] = report.expectations;
    const worse = { ...report, expectations: [{ ...first, ok: false }, ...rest] } as typeof report;
    const told = lineMarks({ report: worse, others: [], params: {}, partial: false }, lineOf)[0];
    expect(told?.parts).toEqual([{ kind: 'failed', text: '✗ 1 of 3 fails' }]);
    // Of a block that never ran only the first line says so, and all of it is dimmed.
    const never = marks.filter(({ neverRan }) => neverRan).map(({ line, parts }) => [line, parts.length]);
    expect(never).toEqual([
      [lines.findIndex((one) => one.includes('refused[m] += 1')) + 1, 1],
      [lines.findIndex((one) => one.includes('refused[m] += 1')) + 2, 0],
    ]);
  });

  test('tell how often each arm of a match was taken, and how often none was', async () => {
    const whole = await simulated();
    const replay = {
      ...whole.replay,
      hooks: [],
      invariants: [],
      decisions: [],
      lines: [
        { line: 4, hits: 12 },
        { line: 5, hits: 2 },
        { line: 6, hits: 0 },
      ],
      branches: [
        {
          line: 4,
          taken: [2, 0, 10],
          arms: [
            { line: 5, pattern: 'Class.quick' },
            { line: 6, pattern: '1 | 2' },
          ],
        },
        { line: 9, taken: [1_200, 0] },
      ],
    };
    const report = { ...whole, expectations: [], replay };
    const marks = lineMarks({ report, others: [], params: {}, partial: false }, new Map());
    expect(marks.map(({ parts }) => parts.map(({ text }) => text).join())).toEqual([
      '12×, 10× no arm',
      '2×',
      'never ran',
    ]);
    const hover = (line: number) => replay.branches.flatMap((branch) => waysAt(branch, line));
    expect([4, 5, 6, 9].map(hover)).toEqual([
      ['Arms: `Class.quick` 2×, `1 | 2` 0×, none 10×'],
      ['`Class.quick`: 2 of 12×'],
      ['`1 | 2`: 0 of 12×'],
      ['Condition: true 1,200×, false 0×'],
    ]);
  });

  test("tell the largest effects in the model at the scenario, and no change that may be the model's own error", async () => {
    const effect = { of: 'smp', error: 0.1, significant: true };
    const whatif = {
      effects: [
        { ...effect, metric: 'wakeup_latency.p99', baseline: 2e6, policy: 1e6, change: -0.5 },
        { ...effect, metric: 'switches', baseline: 100, policy: 120, change: 0.2 },
        {
          ...effect,
          metric: 'runqueue_delay.p50',
          baseline: 100,
          policy: 95,
          change: -0.05,
          significant: false,
        },
      ],
    };
    const report = { ...(await simulated()), whatif } as unknown as Awaited<ReturnType<typeof simulated>>;
    const scenario = outline.scenarios[0]?.line ?? 0;
    const marks = lineMarks(
      { report, others: [], params: {}, partial: false },
      new Map([['three_vms', scenario]]),
    );
    expect(marks.find(({ line }) => line === scenario)?.parts.map(({ text }) => text)).toEqual([
      'p99 wakeup_latency of smp 2 ms → 1 ms, −50 %',
      'switches of smp 100 → 120, +20 %',
    ]);
    const rows = policyNodes(outline, {}, [report]).find(
      ({ label }) => label === 'Effect of the policy',
    )?.children;
    expect(rows?.map(({ label, description }) => [label, description])).toEqual([
      ['p99 wakeup_latency of smp', '−50 %, 2 ms → 1 ms'],
      ['switches of smp', '+20 %, 100 → 120'],
      ['1 within the error of the model', undefined],
    ]);
    expect(rows?.at(-1)?.children?.[0]?.description).toBe('−5 % ± 10 %, 100 ns → 95 ns');
  });

  test('move with the text, and go with the lines that are taken away', () => {
    const edit = (line: number, character: number, end: number, text: string): Edit => ({
      range: { start: { line, character }, end: { line: end } },
      text,
    });
    expect(shiftLine(5, edit(1, 3, 1, 'a\nb\n'))).toBe(7);
    expect(shiftLine(5, edit(4, 0, 4, '// above\n'))).toBe(6);
    expect(shiftLine(5, edit(4, 7, 4, '\n'))).toBe(5);
    expect(shiftLine(5, edit(3, 0, 6, ''))).toBeUndefined();
    expect(shiftLine(5, edit(1, 0, 3, ''))).toBe(3);
    expect(shiftLine(1, edit(1, 0, 1, 'x\n'))).toBe(1);
  });

  test('follow the same line through any insertion and deletion of whole lines', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(3), fc.nat(3), (marked, at, removed, added) => {
        const before = Array.from({ length: 25 }, (_, i) => `line ${i}`);
        const after = before.toSpliced(at, removed, ...Array.from({ length: added }, () => 'new'));
        const edit = {
          range: { start: { line: at, character: 0 }, end: { line: at + removed } },
          text: 'new\n'.repeat(added),
        };
        const moved = shiftLine(marked + 1, edit);
        if (moved !== undefined && before[marked] !== undefined && after.includes(before[marked]))
          expect(after[moved - 1]).toBe(before[marked]);
      }),
    );
  });
});

describe('the map between a policy and its C', () => {
  test('leads from each line that was compiled to its C and back', async () => {
    const files = await filesOf(policy, 'spin_guard.pvpolicy');
    const c = files?.find(({ name }) => name === 'spin_guard.bpf.c')?.text ?? '';
    const map = lineMap(c, 'spin_guard.pvpolicy');
    const cLines = c.split('\n');
    const boost = lines.findIndex((line) => line.includes('boosts[v.vm] += 1'));
    expect(map.cLines(boost).length).toBeGreaterThan(0);
    for (const line of map.cLines(boost)) expect(map.policyLine(line)).toBe(boost);
    expect(
      map
        .cLines(boost)
        .map((line) => cLines[line])
        .join('\n'),
    ).toMatch(/boosts/);
    expect(map.policyLine(0)).toBeUndefined();
    const hook = lines.findIndex((line) => line.startsWith('on tracepoint kvm:kvm_exit'));
    expect(map.cLines(hook)).toEqual([]);
    const head = map.fromBelow(hook);
    expect(head.map((line) => cLines[line]).join('\n')).toMatch(/SEC\("tp_btf\/kvm_exit"\)\nint BPF_PROG/);
    for (const line of head) expect(map.bodyOf(line)).toBe(hook + 1);
    expect(map.bodyOf(map.cLines(boost)[0] ?? 0)).toBeUndefined();
    for (const [at] of cLines.entries()) {
      const from = map.policyLine(at);
      if (from !== undefined) expect(from).toBeLessThan(lines.length);
    }
  });
});

describe('pictures', () => {
  const distribution = {
    title: 'a <b> & c',
    unit: 'duration',
    bars: [
      { from: 0, count: 1 },
      { from: 1024, count: 9 },
    ],
    marks: [{ name: 'p99', value: 1500 }],
  };

  test('are well-formed, name the values, and take any values', () => {
    const svg = distributionSvg(distribution, INKS.dark);
    expect(svg).toContain('a &lt;b&gt; &amp; c');
    expect(svg).toContain('p99 1.5 µs');
    expect(dataUri(svg)).toMatch(/^data:image\/svg\+xml;base64,[\w+/=]+$/);
    for (const picture of [
      distributionSvg({ ...distribution, bars: [], marks: [] }, INKS.light),
      momentsSvg('none', [], ['0 s', '1 s'], INKS.light),
      momentsSvg('one', [0, 1, 0.5], ['0 s', '1 s'], INKS.highContrast),
    ])
      expect(picture).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('have figures in their unit', () => {
    expect([duration(0), duration(999), duration(1500), duration(13_672_000), duration(2e9)]).toEqual([
      '0 ns',
      '999 ns',
      '1.5 µs',
      '13.7 ms',
      '2 s',
    ]);
    expect(figure(0.25, 'ratio')).toBe('25 %');
    expect(figure(12_345, 'count')).toBe('12,345');
  });
});

test('the Policy view shows what is declared, with values once there are some', async () => {
  const flat = (nodes: readonly PolicyNode[]): string[] =>
    nodes.flatMap(({ label, description, children }) => [
      `${label} ${description ?? ''}`.trim(),
      ...flat(children ?? []),
    ]);
  const before = flat(policyNodes(outline, {}, []));
  expect(before).toContain('spin_after 3ms in 1ms..50ms');
  expect(before).toContain('preempted_for histogram per vm');
  const after = flat(policyNodes(outline, { spin_after: '1ms' }, [await simulated()]));
  expect(after).toContain('spin_after 1ms instead of 3ms');
  expect(after).toContain('kvm:kvm_exit fired 726×');
  expect(after).toContain('smp 1');
  expect(after).toContain('max(preempted_for of smp) < 50ms 13.7 ms');
});
