import { DiagnosticSeverity, DiagnosticTag, type Diagnostic as LspDiagnostic } from 'vscode-languageserver';
import { changeOf, type LineIndex } from '../../../grammar/text.ts';
import type { Diagnostic, Severity, Span } from '../diagnostics/diagnostic.ts';
import type { Code } from '../diagnostics/table.ts';

/** Where the pages of diagnostics are; undefined where the client cannot open them. */
export type Docs = (code: Code) => string | undefined;

/** More than this many help nobody and cost the client. */
const MOST = 500;

const SEVERITY: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
};

/** Codes that editors show struck through or faded instead of underlined. */
const TAGS: Partial<Record<Code, DiagnosticTag>> = {
  PV2017: DiagnosticTag.Unnecessary,
  PV2018: DiagnosticTag.Unnecessary,
  PV4018: DiagnosticTag.Deprecated,
};

/** Diagnostics as LSP has them, at most MOST; what was left out is said at the last one's place. */
export function toLsp(
  diagnostics: readonly Diagnostic[],
  lines: LineIndex,
  uri: string,
  docs: Docs,
): LspDiagnostic[] {
  const shown = diagnostics.slice(0, MOST).map((diagnostic) => one(diagnostic, lines, uri, docs));
  const last = shown.at(-1);
  if (diagnostics.length > MOST && last) {
    shown.push({
      ...last,
      message: `${diagnostics.length - MOST} more problems are not shown`,
      relatedInformation: [],
    });
  }
  return shown;
}

function one(diagnostic: Diagnostic, lines: LineIndex, uri: string, docs: Docs): LspDiagnostic {
  const { code, severity, message, span, related } = diagnostic;
  const range = (place: Span) => ({
    start: lines.positionAt(place.start),
    end: lines.positionAt(place.end),
  });
  const href = docs(code);
  const tag = TAGS[code];
  return {
    source: 'pvpolicy',
    code,
    ...(href !== undefined && { codeDescription: { href } }),
    severity: SEVERITY[severity],
    message,
    range: range(span),
    ...(tag !== undefined && { tags: [tag] }),
    relatedInformation: related.map((step) => ({
      message: step.message,
      location: { uri, range: range(step.span ?? span) },
    })),
  };
}

/**
 * Diagnostics of an older text, moved to where they stand in a newer one; those that the edit touched are dropped.
 * Shown for the moment between a keystroke's syntax errors and the rest, so that the rest does not flicker.
 */
export function carryOver(
  diagnostics: readonly Diagnostic[],
  older: string,
  newer: string,
): readonly Diagnostic[] {
  const { start, end, delta } = changeOf(older, newer);
  const move = (span: Span): Span | undefined => {
    if (span.end <= start) return span;
    return span.start < end ? undefined : { start: span.start + delta, end: span.end + delta };
  };
  return diagnostics.flatMap((diagnostic) => {
    const span = move(diagnostic.span);
    // The steps are left out: they are back with the full analysis, a few milliseconds later.
    return span ? [{ ...diagnostic, span, related: [], fixes: [] }] : [];
  });
}
