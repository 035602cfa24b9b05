import { expect } from 'vitest';
import type { Diagnostic, Fix } from '../../server/src/diagnostics/diagnostic.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS, type Settings } from '../../server/src/workspace/settings.ts';
import { applyEdits, expectedMarks, foundMarks } from '../support/expect-diagnostics.ts';

/** Everything that is said of a policy, of every stage. */
export const diagnose = (text: string, settings: Partial<Settings> = {}): readonly Diagnostic[] =>
  snapshot(text, { ...DEFAULTS, ...settings }).diagnostics;

/** Holds all that is said of a policy against the marks `//~ PV4001` in it, and gives it. */
export function expectDiagnostics(text: string, settings: Partial<Settings> = {}): readonly Diagnostic[] {
  const found = diagnose(text, settings);
  expect(foundMarks(text, found)).toEqual(expectedMarks(text));
  return found;
}

/** The text after a quick fix. */
export function applyFix(text: string, fix: Fix | undefined): string {
  if (fix === undefined) throw new Error('there is no fix to apply');
  return applyEdits(text, fix.edits);
}
