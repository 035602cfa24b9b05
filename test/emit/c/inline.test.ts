import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CallRow } from '../../../server/src/kernel/catalogue.ts';
import { compileObject, findClang, isClang } from '../../../server/src/emit/clang.ts';
import { filesOf, hasErrors, snapshot } from '../../../server/src/pipeline.ts';
import { DEFAULTS, type Settings } from '../../../server/src/workspace/settings.ts';
import { findClang as laneClang, lane } from '../../support/lanes.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-inline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = `policy inline for pvsched
param most: duration = 500us in 100us..1ms
state vcpu { boosted: bool }
on pvsched vmexit(v) {
    if !v.boosted {
        v.boosted = true
        boost(v, FIFO, 8, for: most)
    }
}
on pvsched halt(v) {
    if v.boosted {
        v.boosted = false
        unboost(v)
        defer set_nice(v, 5)
    }
}
`;

const kfunc = (signature: string): CallRow => ({
  name: /(\w+)\(/.exec(signature)?.[1] ?? '',
  class: 'kfunc',
  signature,
  progs: ['all'],
  effects: ['acquires_pi_lock', 'acquires_rq_lock'],
  confidence: 'read',
  source: 'a workspace',
});

/** What the policy becomes on a kernel whose functions boost at once. */
async function cOf(
  boost: string,
): Promise<{ text: string; files: NonNullable<Awaited<ReturnType<typeof filesOf>>> }> {
  const calls = [kfunc(boost), kfunc('void vendor_unboost(struct task_struct *p)')];
  const delivers = { boost: calls[0]?.name ?? '', unboost: 'vendor_unboost' };
  const settings: Settings = { ...DEFAULTS, outOfTree: { calls, delivers } };
  const current = snapshot(TEXT, settings);
  expect(current.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(hasErrors(current.diagnostics)).toBe(false);
  const files = (await filesOf(current, 'inline.pvpolicy')) ?? [];
  return { text: files.find(({ name }) => name.endsWith('.bpf.c'))?.text ?? '', files };
}

const FULL = 'int vendor_boost(struct task_struct *p, u32 policy, u32 prio, u64 limit)';

describe('an action that a function of an out-of-tree kernel delivers', () => {
  it('is a call of it, about a thread that is still there', async () => {
    const { text } = await cOf(FULL);
    expect(text).toContain(`extern ${FULL} __ksym;`);
    expect(text).toMatch(/if \((\w+)\)\n#?.*\n?\s*vendor_boost\(\1, SCHED_FIFO, 8, most\);/);
    expect(text).toMatch(/vendor_unboost\(\w+\);/);
  });

  it('gets its arguments by name, else in order; what is beyond them is 0', async () => {
    expect((await cOf('int b(struct task_struct *p, u64 limit_ns, u32 prio)')).text).toMatch(
      / b\(\w+, most, 8\);|\tb\(\w+, most, 8\);/,
    );
    expect((await cOf('int b(struct task_struct *p, int x, int y, u64 z, u32 flags)')).text).toMatch(
      /\tb\(\w+, SCHED_FIFO, 8, most, 0\);/,
    );
  });

  it('is still asked of the agent where it is deferred', async () => {
    const { text } = await cOf(FULL);
    expect(text).toContain('pv_set_nice(');
    expect(text).not.toContain('pv_boost(');
  });
});

lane('clang', 'inline actions', laneClang, (path) => {
  it('compile without a warning', async () => {
    const { files } = await cOf(FULL);
    const clang = await findClang(path);
    if (!isClang(clang)) throw new Error('no clang');
    const compiled = await compileObject(files, { name: 'inline.pvpolicy', text: TEXT }, clang);
    expect(compiled).toMatchObject({ kind: 'compiled', messages: [] });
  });
});
