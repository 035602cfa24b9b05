import type { Severity } from '../../diagnostics/diagnostic.ts';
import { place, type Checked, type Format } from './checked.ts';

const COLOUR = { error: 'red', warning: 'yellow', info: 'blue' } as const;

/** `file:line:col: severity CODE message`, below it the steps that explain it, and a line of totals at the end. */
export const text: Format = (files, paint) => listed(files, paint) + totals(files);

/** The same without the totals. */
export const listed: Format = (files, paint) => {
  const lines = files.flatMap(({ file, lines: index, diagnostics }) =>
    diagnostics.flatMap(({ code, severity, message, span, related }) => {
      const at = (offset: number): string => {
        const { line, column } = place(index, offset);
        return `${file}:${line}:${column}`;
      };
      const head = `${paint('bold', `${at(span.start)}:`)} ${paint(COLOUR[severity], severity)} ${code} ${message}\n`;
      const steps = related.map((step) =>
        step.span ? `    ${at(step.span.start)}: ${step.message}\n` : `    ${step.message}\n`,
      );
      return [head, ...steps];
    }),
  );
  return lines.join('');
};

function totals(files: readonly Checked[]): string {
  const count = (severity: Severity): number =>
    files.reduce((sum, file) => sum + file.diagnostics.filter((d) => d.severity === severity).length, 0);
  const said = (['error', 'warning'] as const)
    .map((severity) => [count(severity), severity] as const)
    .filter(([n]) => n > 0)
    .map(([n, severity]) => plural(n, severity));
  if (said.length === 0) return `${plural(files.length, 'file')} checked, nothing to complain about\n`;
  return `${said.join(' and ')} in ${plural(files.length, 'file')}\n`;
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
