import { place, type Checked, type Format } from './checked.ts';
import { escapeXml } from './xml.ts';

/** JUnit XML: a test case a file, which fails where the file has errors; what else there is goes to its output. */
export const junit: Format = (files) => {
  const failures = files.filter(hasErrors).length;
  const cases = files.map(testCase).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="pvpolicy check" tests="${files.length}" failures="${failures}">
${cases}  </testsuite>
</testsuites>
`;
};

const hasErrors = (file: Checked): boolean => file.diagnostics.some((d) => d.severity === 'error');

function testCase(checked: Checked): string {
  const { file, lines, diagnostics } = checked;
  const said = diagnostics
    .map(({ code, severity, message, span }) => {
      const { line, column } = place(lines, span.start);
      return `${file}:${line}:${column}: ${severity} ${code} ${message}`;
    })
    .join('\n');
  const head = `    <testcase classname="pvpolicy.check" name="${escapeXml(file)}"`;
  if (said === '') return `${head}/>\n`;
  const inner = hasErrors(checked)
    ? `<failure message="the policy has errors">${escapeXml(said)}</failure>`
    : `<system-out>${escapeXml(said)}</system-out>`;
  return `${head}>\n      ${inner}\n    </testcase>\n`;
}
