import type { LineIndex } from '../../../../grammar/text.ts';
import type { Severity, Span } from '../../diagnostics/diagnostic.ts';
import { describe } from '../../diagnostics/table.ts';
import { VERSION } from '../../version.ts';
import { place, type Format } from './checked.ts';

const LEVEL: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** SARIF 2.1.0, the part of it that code scanning shows: rules, results with their steps. */
export const sarif: Format = (files) => {
  const codes = [...new Set(files.flatMap((file) => file.diagnostics.map((d) => d.code)))].toSorted();
  const results = files.flatMap(({ file, lines, diagnostics }) =>
    diagnostics.map(({ code, severity, message, span, related }) => ({
      ruleId: code,
      ruleIndex: codes.indexOf(code),
      level: LEVEL[severity],
      message: { text: message },
      locations: [{ physicalLocation: physical(file, lines, span) }],
      relatedLocations: related.map((step, id) => ({
        id,
        message: { text: step.message },
        physicalLocation: physical(file, lines, step.span ?? span),
      })),
    })),
  );
  const rules = codes.map((code) => {
    const { severity, title } = describe(code);
    return { id: code, shortDescription: { text: title }, defaultConfiguration: { level: LEVEL[severity] } };
  });
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pvpolicy', version: VERSION, rules } },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
};

function physical(file: string, lines: LineIndex, span: Span) {
  const start = place(lines, span.start);
  const end = place(lines, span.end);
  return {
    artifactLocation: { uri: encodeURI(file.replaceAll('\\', '/')) },
    region: {
      startLine: start.line,
      startColumn: start.column,
      endLine: end.line,
      endColumn: end.column,
    },
  };
}
