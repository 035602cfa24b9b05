import { place, type Checked, type Format } from './checked.ts';

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
  const head = `    <testcase classname="pvpolicy.check" name="${escape(file)}"`;
  if (said === '') return `${head}/>\n`;
  const inner = hasErrors(checked)
    ? `<failure message="the policy has errors">${escape(said)}</failure>`
    : `<system-out>${escape(said)}</system-out>`;
  return `${head}>\n      ${inner}\n    </testcase>\n`;
}

/** XML has no form for most control characters, so they are left out. */
const escape = (text: string): string =>
  text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
