import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { simulateBaseline, type Baseline } from '../../../server/src/simulate/machine/baseline.ts';
import type { Pair } from '../../../server/src/simulate/machine/types.ts';
import { exampleTrace } from '../../support/trace.ts';

const PAGE = readFileSync(new URL('../../../docs/machine-model.md', import.meta.url), 'utf8');
const FILES = ['eevdf-3vm-6s.trace.gz', 'kvm-overcommit4.trace.gz', 'nice-ladder.trace.gz'] as const;
const VERSIONS: Readonly<Record<string, string>> = { 'eevdf-3vm-6s.trace.gz': '6.12' };

const off = ({ recorded, simulated }: Pair): number => Math.abs(simulated - recorded) / recorded;

/** The row of the page's table, as these figures make it. */
function row(file: string, { fidelity }: Baseline): string {
  const us = ({ recorded, simulated }: Pair = { recorded: NaN, simulated: NaN }): string =>
    `${Math.round(recorded / 1000)} / ${Math.round(simulated / 1000)}`;
  const count = ({ recorded, simulated }: Pair): string => `${recorded} / ${simulated}`;
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
      const version = VERSIONS[file];
      baselines.set(file, simulateBaseline(await exampleTrace(file), version ? { kernel: { version } } : {}));
    }
  });

  test.each(FILES)('%s completes what was recorded, in conserved time', (file) => {
    const { fidelity, schedule, demand } = baselines.get(file)!;
    expect(fidelity.bursts_completed).toBeGreaterThan(0.98);
    expect(fidelity.runtime_error).toBeLessThan(0.12);
    for (const { simulated } of fidelity.busy)
      expect(simulated).toBeLessThanOrEqual(demand.endNs - demand.startNs);
    expect(schedule.durationNs).toBe(demand.endNs);
  });

  test('three VMs under a light load are reproduced fairly', () => {
    const { fidelity } = baselines.get('eevdf-3vm-6s.trace.gz')!;
    expect(fidelity.verdict).not.toBe('poor');
    expect(off(fidelity.wakeup_latency.p90!)).toBeLessThan(0.35);
    expect(off(fidelity.wakeup_latency.p95!)).toBeLessThan(0.3);
    expect(off(fidelity.switches)).toBeLessThan(0.12);
    expect(fidelity.runtime_error).toBeLessThan(0.03);
    expect(fidelity.ks).toBeLessThan(0.15);
  });

  test('what is not good says why', () => {
    for (const { fidelity } of baselines.values())
      expect(fidelity.reasons.length > 0).toBe(fidelity.verdict !== 'good');
  });

  test('the page of the model shows these figures', () => {
    for (const file of FILES) expect(PAGE.replaceAll(/ +/g, ' ')).toContain(row(file, baselines.get(file)!));
  });
});
