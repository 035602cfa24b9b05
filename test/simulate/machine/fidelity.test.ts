import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { simulateBaseline, type Baseline } from '../../../server/src/simulate/machine/baseline.ts';
import type { Beside } from '../../../server/src/simulate/machine/demand.ts';
import type { Machine, Pair } from '../../../server/src/simulate/machine/types.ts';
import { parseSidecar, sidecarPath } from '../../../server/src/trace/sidecar.ts';
import { exampleTrace } from '../../support/trace.ts';

const PAGE = readFileSync(new URL('../../../docs/machine-model.md', import.meta.url), 'utf8');
const FILES = [
  'sessions.trace.gz',
  'eevdf-3vm-6s.trace.gz',
  'kvm-overcommit4.trace.gz',
  'nice-ladder.trace.gz',
] as const;
/** How far the switches may be off: 5 % of those of `nice-ladder` are missing in the recording, and what ran then is a guess. */
const SWITCHES_OFF: Readonly<Record<string, number>> = { 'nice-ladder.trace.gz': 0.12 };
const VERSIONS: Readonly<Record<string, string>> = { 'eevdf-3vm-6s.trace.gz': '6.12' };

/** What is known of a recording beside its events: its sidecar, or the kernel that its description names. */
function beside(file: string): Beside {
  const path = new URL(`../../../examples/traces/${sidecarPath(file)}`, import.meta.url);
  const sidecar = existsSync(path) ? parseSidecar(readFileSync(path, 'utf8')) : undefined;
  const version = VERSIONS[file];
  return { sidecar, kernel: version === undefined ? undefined : { version } };
}

const off = ({ recorded, simulated }: Pair): number => Math.abs(simulated - recorded) / recorded;

/** The row of the page's table, as these figures make it. */
function row(file: string, { fidelity }: Baseline): string {
  const us = ({ recorded, simulated }: Pair = { recorded: NaN, simulated: NaN }): string =>
    `${Math.round(recorded / 1000)} / ${Math.round(simulated / 1000)}`;
  const count = ({ recorded, simulated }: Pair): string =>
    `${Number.isNaN(recorded) ? '–' : recorded} / ${simulated}`;
  const { wakeup_latency: latency } = fidelity;
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  return [
    `\`${file}\``,
    ...[latency.p50, latency.p90, latency.p95, latency.p99].map(us),
    count(fidelity.switches),
    count(fidelity.migrations),
    percent(fidelity.runtime_error),
    percent(fidelity.bursts_completed),
    fidelity.verdict,
  ].join(' | ');
}

describe('the simulated baselines of recordings', () => {
  const baselines = new Map<string, Baseline>();
  beforeAll(async () => {
    for (const file of FILES) {
      baselines.set(file, simulateBaseline(await exampleTrace(file), beside(file)));
    }
  });

  test.each(FILES)('%s completes what was recorded, in conserved time', (file) => {
    const { fidelity, schedule, demand } = baselines.get(file)!;
    expect(fidelity.bursts_completed).toBeGreaterThan(0.98);
    expect(fidelity.runtime_error).toBeLessThan(0.1);
    expect(off(fidelity.switches)).toBeLessThan(SWITCHES_OFF[file] ?? 0.1);
    for (const { simulated } of fidelity.busy)
      expect(simulated).toBeLessThanOrEqual(demand.endNs - demand.startNs);
    expect(schedule.durationNs).toBe(demand.endNs);
  });

  test('a recording of a stock kernel whose groups are known is reproduced well', async () => {
    const { fidelity } = baselines.get('sessions.trace.gz')!;
    expect(fidelity).toMatchObject({ verdict: 'good', reasons: [] });
    for (const pair of [fidelity.wakeup_latency.p90!, fidelity.wakeup_latency.p95!, fidelity.switches])
      expect(off(pair)).toBeLessThan(0.05);
    // Without them it is not, and says so.
    const guessed = simulateBaseline(await exampleTrace('sessions.trace.gz'), {
      kernel: { version: '6.12' },
    });
    expect(guessed.fidelity.verdict).toBe('poor');
  });

  test('three VMs under a light load are reproduced well, with no sidecar', () => {
    const { fidelity } = baselines.get('eevdf-3vm-6s.trace.gz')!;
    expect(fidelity.verdict).toBe('good');
    expect(off(fidelity.wakeup_latency.p90!)).toBeLessThan(0.15);
    expect(off(fidelity.wakeup_latency.p95!)).toBeLessThan(0.15);
    expect(off(fidelity.wakeup_latency.p99!)).toBeLessThan(0.25);
    expect(off(fidelity.switches)).toBeLessThan(0.1);
    expect(fidelity.runtime_error).toBeLessThan(0.03);
    expect(fidelity.ks).toBeLessThan(0.1);
  });

  test('four VMs on a busy host are reproduced fairly, with no sidecar', () => {
    const { fidelity } = baselines.get('kvm-overcommit4.trace.gz')!;
    expect(fidelity.verdict).not.toBe('poor');
    expect(off(fidelity.wakeup_latency.p90!)).toBeLessThan(0.15);
    expect(off(fidelity.wakeup_latency.p95!)).toBeLessThan(0.35);
    expect(off(fidelity.wakeup_latency.p99!)).toBeLessThan(0.25);
  });

  test('groups of a long recording are guessed on its beginning, and the whole is simulated', async () => {
    const trace = await exampleTrace('eevdf-3vm-6s.trace.gz');
    const runs: string[] = [];
    const run = (machine: Machine, guess: number, guesses: number): void => {
      runs.push(`${guess} of ${guesses}: ${machine.demand.trace.length}`);
      machine.run();
    };
    const { demand, schedule } = simulateBaseline(trace, {}, run, 20_000);
    // The other CPU begins two events late.
    expect(runs[0]).toBe('0 of 4: 20002');
    expect(runs.at(-1)).toBe(`3 of 4: ${trace.length}`);
    expect(demand.trace).toBe(trace);
    expect(schedule.durationNs).toBe(trace.durationNs);
  });

  test('what is not good says why', () => {
    for (const { fidelity } of baselines.values())
      expect(fidelity.reasons.length > 0).toBe(fidelity.verdict !== 'good');
  });

  test('the page of the model shows these figures', () => {
    for (const file of FILES) expect(PAGE.replaceAll(/ +/g, ' ')).toContain(row(file, baselines.get(file)!));
  });
});
