import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { snapshot } from '../../server/src/pipeline.ts';
import { named, templateOf } from '../../server/src/templates.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { GALLERY } from '../gallery/gallery.ts';
import { pvpolicy } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-new-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('lists the gallery, and begins a policy that is clean', async () => {
  const listed = await pvpolicy(['new']);
  expect([listed.status, listed.err]).toEqual([0, '']);
  expect(listed.out.trimEnd().split('\n')).toHaveLength(GALLERY.length);
  expect(listed.out).toMatch(/^halt_poll +tracing +A halted vCPU may poll/m);
  const path = join(folder, 'my-polling.pvpolicy');
  expect(await pvpolicy(['new', 'halt_poll', path])).toMatchObject({ status: 0, err: '' });
  expect(readFileSync(path, 'utf8')).toContain('\npolicy my_polling for tracing\n');
  expect(await pvpolicy(['check', path])).toMatchObject({ status: 0 });
  expect(await pvpolicy(['fmt', '--check', path])).toMatchObject({ status: 0 });
});

it('refuses what it does not have, and does not write over files', async () => {
  const near = await pvpolicy(['new', 'halt_pol']);
  expect([near.status, near.err]).toEqual([2, expect.stringContaining('did you mean halt_poll?')]);
  const path = join(folder, 'twice.pvpolicy');
  await pvpolicy(['new', 'gang', path]);
  const again = await pvpolicy(['new', 'gang', path]);
  expect([again.status, again.err]).toEqual([2, expect.stringContaining('--force')]);
  expect(await pvpolicy(['new', 'gang', path, '--force'])).toMatchObject({ status: 0 });
  const nowhere = await pvpolicy(['new', 'gang', join(folder, 'no', 'where.pvpolicy')]);
  expect(nowhere).toMatchObject({ status: 2, err: expect.not.stringContaining('    at ') });
});

it.each(GALLERY)('$file is clean as a template', ({ file, snapshot: { text } }) => {
  const template = templateOf(file, text);
  expect(template.summary).toMatch(/^[A-Z].*\.$/);
  const fresh = snapshot(named(template, 'fresh'), DEFAULTS);
  expect(fresh.diagnostics).toEqual([]);
  expect(fresh.program?.name).toBe('fresh');
  expect(fresh.model.scenarios).toEqual([]);
});
