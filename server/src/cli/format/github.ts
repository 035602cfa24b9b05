import type { Severity } from '../../diagnostics/diagnostic.ts';
import { place, type Format } from './checked.ts';

const COMMAND: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' };

/** Workflow commands, which GitHub shows as annotations of a change. */
export const github: Format = (files) =>
  files
    .flatMap(({ file, lines, diagnostics }) =>
      diagnostics.map(({ code, severity, message, span, related }) => {
        const start = place(lines, span.start);
        const end = place(lines, span.end);
        const steps = related.map((step) => `\n${step.message}`).join('');
        const properties = [
          `file=${property(file)}`,
          `line=${start.line}`,
          `endLine=${end.line}`,
          // GitHub takes columns only where they are on one line.
          ...(start.line === end.line ? [`col=${start.column}`, `endColumn=${end.column}`] : []),
          `title=${property(code)}`,
        ];
        return `::${COMMAND[severity]} ${properties.join(',')}::${data(message + steps)}\n`;
      }),
    )
    .join('');

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
