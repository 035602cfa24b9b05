import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CALLS, HOOKS } from '../../server/src/kernel/catalogue.ts';
import { kernelPages } from '../../server/src/safety/kernel-pages.ts';
import { nameOf } from '../../server/src/safety/matrix.ts';

const FOLDER = new URL('../../docs/kernel/', import.meta.url);

describe.each(kernelPages())('docs/kernel/$name', ({ name, text }) => {
  it('is up to date (UPDATE=1 writes it)', () => {
    const file = new URL(name, FOLDER);
    if (process.env['UPDATE']) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, text);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('has rows of as many cells as their heads', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    const cells = (row: string): number => row.replaceAll('\\|', '').split('|').length;
    expect(new Set(rows.map(cells)).size).toBe(1);
  });
});

it('every hook and every call has its row', () => {
  const text = kernelPages()
    .map((page) => page.text)
    .join('\n');
  for (const row of HOOKS) expect(text).toContain(`| \`${nameOf(row)}\` |`);
  for (const row of CALLS) if (row.class !== 'internal') expect(text).toContain(`| \`${row.name}\``);
});
