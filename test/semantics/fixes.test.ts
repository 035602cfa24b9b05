import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../server/src/diagnostics/diagnostic.ts';
import { applyEdits } from '../support/expect-diagnostics.ts';
import { checked } from './support.ts';

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));

const count = (diagnostics: readonly Diagnostic[], code: string): number =>
  diagnostics.filter((d) => d.code === code).length;

// A quick fix that leaves its mistake, or that breaks the text, is worse than none.
describe('every quick fix of the marked policies', () => {
  it.each(readdirSync(folder))('%s', (name) => {
    const text = readFileSync(folder + name, 'utf8');
    const before = checked(text);
    const failures: string[] = [];
    for (const { code, fixes, span } of before.diagnostics) {
      for (const { title, edits } of fixes) {
        const fixed = applyEdits(text, edits);
        const after = checked(fixed);
        const at = `${code} at '${text.slice(span.start, span.end)}', ${title}`;
        if (after.syntaxErrors.length > before.syntaxErrors.length) failures.push(`${at}: no longer parses`);
        if (count(after.diagnostics, code) >= count(before.diagnostics, code))
          failures.push(`${at}: does not help`);
      }
    }
    expect(failures).toEqual([]);
  });
});
