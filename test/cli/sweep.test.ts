import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pvpolicy } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-sweep-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SWEEP = ['simulate', 'examples/vm_share.pvpolicy', '--sweep', 'slice=2ms..4ms:1ms', '--json'];

describe('a sweep', () => {
  test('gives the same bytes in one thread, in two, and in shards that are merged', async () => {
    const one = await pvpolicy([...SWEEP, '--threads', '1']);
    expect([one.status, one.err]).toEqual([0, '']);
    expect(JSON.parse(one.out).points).toHaveLength(3);
    expect((await pvpolicy([...SWEEP, '--threads', '2'])).out).toBe(one.out);
    const shards: string[] = [];
    for (const shard of ['0/2', '1/2']) {
      const path = join(folder, `${shard[0]}.json`);
      writeFileSync(path, (await pvpolicy([...SWEEP, '--threads', '1', '--shard', shard])).out);
      shards.push(path);
    }
    expect((await pvpolicy(['sweep', 'merge', '--json', ...shards])).out).toBe(one.out);
    const part = await pvpolicy(['sweep', 'merge', shards[0] ?? '']);
    expect([part.status, part.err]).toEqual([
      2,
      'pvpolicy: 1 of 3 points are missing, the first is 1 (slice=3ms)\n',
    ]);
  });
});
