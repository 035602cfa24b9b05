import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expectedMarks, foundMarks } from '../support/expect-diagnostics.ts';
import { checked } from './support.ts';

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));

// Each policy says with `//~ PV3004` on a line what is wrong there; nothing else may be reported.
describe('policies with marked mistakes', () => {
  it.each(readdirSync(folder))('%s', (name) => {
    const text = readFileSync(folder + name, 'utf8');
    const { diagnostics, syntaxErrors } = checked(text);
    expect(foundMarks(text, [...syntaxErrors, ...diagnostics])).toEqual(expectedMarks(text));
  });
});
