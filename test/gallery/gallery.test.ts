import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emitC } from '../../server/src/emit/c/index.ts';
import { simulateSnapshot, traceNamed, type SimulationReport } from '../../server/src/simulation.ts';
import type { Trace } from '../../server/src/trace/columns.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { FOLDER, GALLERY } from './gallery.ts';
import { page } from './page.ts';

const PAGE = join(import.meta.dirname, '../../docs/gallery.md');

/** Of the first scenario of each policy, in the gallery's order. */
const reports: SimulationReport[] = [];

const traces = new Map<string, Trace>();

async function traceAt(path: string): Promise<Trace> {
  const known = traces.get(path);
  if (known) return known;
  const result = await openTrace(path);
  if (!result.ok) throw new Error(JSON.stringify(result));
  traces.set(path, result.trace);
  return result.trace;
}

it('has all twenty policies', () => {
  const numbers = new Set(GALLERY.map(({ file }) => Number(file.slice(0, 2))));
  expect([...numbers]).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

describe.each(GALLERY)('$file', ({ snapshot }) => {
  it('is clean on every supported kernel', () => {
    expect(snapshot.diagnostics).toEqual([]);
  });

  it('says what it is, and has what people adjust, watch and test', () => {
    const { program, model } = snapshot;
    expect(snapshot.text.split('\n').length).toBeLessThanOrEqual(110);
    expect(model.file.header?.doc).toBeTruthy();
    expect(program?.params.length ?? 0).toBeGreaterThan(0);
    expect(program?.counters.length ?? 0).toBeGreaterThan(0);
    expect(model.scenarios.length).toBeGreaterThan(0);
  });

  it('compiles to C', () => {
    if (!snapshot.program) throw new Error('not lowered');
    const files = emitC(snapshot.program, { sourceName: 'p.pvpolicy', source: snapshot.text });
    expect(files.map(({ name }) => name)).toContain(`${snapshot.program.name}.bpf.c`);
  });

  it('does on its traces what it expects', async () => {
    for (const scenario of snapshot.model.scenarios) {
      const path = resolve(FOLDER, traceNamed(scenario) ?? '');
      const outcome = simulateSnapshot(snapshot, await traceAt(path), path, { scenario, params: [] });
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.diagnostics));
      const { expectations, replay } = outcome.report;
      if (scenario === snapshot.model.scenarios[0]) reports.push(outcome.report);
      expect(expectations.length).toBeGreaterThan(0);
      expect(expectations.filter(({ ok }) => ok !== true)).toEqual([]);
      expect(replay.invariants.filter(({ ok }) => !ok)).toEqual([]);
      // Something happens: no scenario is passed by a policy that does nothing.
      expect(replay.hooks.some(({ fired }) => fired > 0)).toBe(true);
    }
  });
});

it('is described by docs/gallery.md (UPDATE_GALLERY=1 writes it)', () => {
  const made = page(GALLERY, reports);
  if (process.env['UPDATE_GALLERY'] === '1') writeFileSync(PAGE, made);
  expect(readFileSync(PAGE, 'utf8')).toBe(made);
});
