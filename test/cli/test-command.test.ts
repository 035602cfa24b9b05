import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pvpolicy, repository } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const SCENARIO = (name: string, trace: string, expect: string): string =>
  `scenario ${name} {\n    trace "${trace}"\n    ${expect}\n}\n`;
const TRACE = join(repository, 'examples/traces/eevdf-3vm.trace.gz');
const COUNTING = `policy counting for tracing
counter switches
on tracepoint sched:sched_switch(preempt, prev, next, prev_state) { switches += 1 }
`;

describe('test', () => {
  test('runs every scenario of every policy, a line each', async () => {
    const { status, out } = await pvpolicy([
      'test',
      'examples/spin_guard.pvpolicy',
      'examples/vm_share.pvpolicy',
    ]);
    expect(status).toBe(0);
    expect(out).toContain('ok      examples/spin_guard.pvpolicy three_vms: 3 held\n');
    expect(out).toContain('ok      examples/vm_share.pvpolicy three_vms: 2 held\n');
  });

  test('goes on after what fails and what cannot be read, and says where', async () => {
    const path = file(
      'mixed.pvpolicy',
      COUNTING +
        SCENARIO('too_few', TRACE, 'expect switches > 1000000') +
        SCENARIO('nowhere', 'none.trace', 'expect switches > 0') +
        SCENARIO('fine', TRACE, 'expect switches > 0'),
    );
    const broken = file('broken.pvpolicy', 'policy broken for tracing\ncounter x\non');
    const junit = join(folder, 'out.xml');
    const { status, out } = await pvpolicy(['test', path, broken, '--junit', junit]);
    expect(status).toBe(2);
    expect(out).toContain(`FAILED  ${path} too_few: 0 held, 1 failed\n`);
    expect(out).toMatch(/mixed\.pvpolicy:6: expect switches > 1000000: measured \d+/);
    expect(out).toContain(`error   ${path} nowhere\n        ${folder}/none.trace: `);
    expect(out).toContain(`ok      ${path} fine: 1 held\n`);
    expect(out).toContain(`error   ${broken}\n`);
    const xml = readFileSync(junit, 'utf8');
    expect(xml).toContain(`<testsuite name="${path}" tests="3" failures="1" errors="1">`);
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml.match(/<error /g)).toHaveLength(2);
  });

  test('ends with status 1 where an expectation fails, and tells it as JSON', async () => {
    const path = file('few.pvpolicy', COUNTING + SCENARIO('few', TRACE, 'expect switches < 10'));
    const { status, out } = await pvpolicy(['test', '--json', path]);
    expect(status).toBe(1);
    const { version, cases } = JSON.parse(out);
    expect([version, cases.length, cases[0].outcome, cases[0].expectations[0].ok]).toEqual([
      1,
      1,
      'failed',
      false,
    ]);
  });

  test('refuses to be content with nothing', async () => {
    const { status, err } = await pvpolicy(['test', file('none.pvpolicy', COUNTING)]);
    expect([status, err]).toEqual([2, 'pvpolicy: there is no scenario to run\n']);
  });
});
