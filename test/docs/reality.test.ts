import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error a script that node runs as it is
import { page } from '../reality/page.mjs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the page of what was predicted and measured shows the figures that are kept', () => {
  expect(read('docs/reality.md')).toBe(page(JSON.parse(read('test/reality/figures.json'))));
});
