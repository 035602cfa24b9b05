import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportData } from '../../server/src/report.ts';
import { pvpolicy, type Result } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the page that simulate -o writes', () => {
  let page = '';
  let data: ReportData;
  let ended: Result | undefined;
  beforeAll(async () => {
    const file = join(folder, 'report.html');
    ended = await pvpolicy(['simulate', 'examples/spin_guard.pvpolicy', '-o', file]);
    page = readFileSync(file, 'utf8');
    data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/su.exec(page)?.[1] ?? '');
  });

  test('is written beside the text, which has no complaint', () => {
    expect([ended?.status, ended?.err]).toEqual([0, '']);
  });

  test('holds all that it shows, and may load nothing', () => {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(?:link|img|iframe|script)[^>]*(?:href|src)=/u);
    expect(page).not.toMatch(/@import|url\(/u);
  });

  test('shows the schedule as recorded, without and with the policy, on the same threads', () => {
    expect(data.timelines.map(({ title }) => title)).toEqual([
      'as recorded',
      'simulated, eevdf',
      'simulated, spin_guard',
    ]);
    const vcpus = data.timelines.map(({ timeline }) =>
      timeline.threads.flatMap(({ vm }) => (vm ? [`${vm.name}/${vm.vcpu}`] : [])).toSorted(),
    );
    expect(vcpus[0]).toEqual(['smp/0', 'smp/1', 'web/0']);
    expect(vcpus[1]).toEqual(vcpus[0]);
    expect(vcpus[2]).toEqual(vcpus[0]);
  });

  test('places each decision of the replay within the timeline', () => {
    const [recorded] = data.timelines;
    expect(recorded!.decisions.length).toBe(data.report.replay.decisions.length);
    const { base, length, unit } = recorded!.timeline;
    for (const { t } of recorded!.decisions) {
      expect(t - base).toBeGreaterThanOrEqual(0);
      expect(t - base).toBeLessThanOrEqual(length * unit);
    }
  });

  test('is the same, byte for byte, when it is made again', async () => {
    const again = join(folder, 'again.html');
    await pvpolicy(['simulate', 'examples/spin_guard.pvpolicy', '-o', again]);
    expect(readFileSync(again, 'utf8') === page).toBe(true);
  });
});

test('a place where no page can be written is the mistake of the user', async () => {
  const nowhere = join(folder, 'no', 'such', 'folder.html');
  const { status, err } = await pvpolicy(['simulate', 'examples/spin_guard.pvpolicy', '-o', nowhere]);
  expect(status).toBe(2);
  expect(err).toContain('cannot be written');
  expect(err).not.toMatch(/^\s+at /mu);
});
