import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pvpolicy, repository } from './run.ts';

const policies = (folder: string): string[] =>
  readdirSync(join(repository, folder))
    .filter((name) => name.endsWith('.pvpolicy'))
    .map((name) => `${folder}/${name}`);

it('finds nothing to complain about in the examples', async () => {
  const checked = await pvpolicy(['check', ...policies('examples')]);
  expect(checked).toMatchObject({
    status: 0,
    out: expect.stringContaining('nothing to complain about'),
    err: '',
  });
});

it('finds every example in the one style', async () => {
  const all = ['examples', 'examples/unsafe', 'examples/risky'].flatMap(policies);
  expect(await pvpolicy(['fmt', '--check', ...all])).toEqual({ status: 0, out: '', err: '' });
});
