import type { LineIndex } from '../../../../grammar/text.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { range, type Format } from './checked.ts';

/** One JSON document with LSP ranges. */
export const json: Format = (files) =>
  `${JSON.stringify({
    version: 1,
    files: files.map(({ file, lines, diagnostics }) => ({
      file,
      diagnostics: jsonOf(file, lines, diagnostics),
    })),
  })}\n`;

/** Diagnostics of one file, as every JSON document of ours has them. */
export const jsonOf = (file: string, lines: LineIndex, diagnostics: readonly Diagnostic[]) =>
  diagnostics.map(({ code, severity, message, span, related, fixes }) => ({
    code,
    severity,
    message,
    range: range(lines, span),
    // A step inside the kernel has no place of its own and stands where the diagnostic does.
    related: related.map((step) => ({ message: step.message, file, range: range(lines, step.span ?? span) })),
    fixes: fixes.map(({ title }) => ({ title })),
  }));
