import { basename } from 'node:path';
import { explainLog, type LogFinding } from '../kernel/verifier-log/explain.ts';
import { isLog } from '../kernel/verifier-log/read.ts';
import type { Remedy } from '../kernel/verifier-log/rules.ts';
import { EXIT, type Exit } from './exit.ts';
import { readLogText, readPolicy } from './input.ts';
import { Refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';

const WHO: Record<Remedy, string> = {
  policy: 'the policy',
  machine: 'this machine',
  pvpolicy: 'PV Policy',
};

/** `explain - [FILE]`: standard input is what was printed when a load failed, FILE the policy that it is about. */
export function explainStdin(file: string | undefined, asJson: boolean, terminal: Terminal): Exit {
  const log = readLogText();
  const policy = file === undefined ? undefined : readPolicy(file);
  if (policy?.ok === false) throw new Refusal(policy.problem.message, policy.file);
  const findings = explainLog(log, policy && { name: basename(policy.file), text: policy.text });
  if (findings.length === 0 && !isLog(log))
    throw new Refusal('this is no log: it has nothing that libbpf, bpftool or the verifier print');
  if (asJson) terminal.out(`${JSON.stringify({ version: 1, findings: findings.map(jsonOf) })}\n`);
  else if (findings.length === 0)
    terminal.err('no refusal in this log: neither the verifier nor libbpf complains\n');
  else terminal.out(findings.map(textOf).join('\n'));
  return EXIT.ok;
}

const jsonOf = ({ program, file, line, source, ...rest }: LogFinding): object => ({
  program: program ?? null,
  file: file ?? null,
  line: line ?? null,
  source: source ?? null,
  ...rest,
});

function textOf({ program, file, line, exact, source, message, cause, fix, remedy }: LogFinding): string {
  const place = file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}: `;
  const near = exact || line === undefined ? '' : ' (at or after this line)';
  const what = program === undefined ? 'the object' : `the program ${program}`;
  return [
    `${place}${what} was refused${near}`,
    ...(source === undefined ? [] : [`    ${source.trim()}`]),
    `  said:  ${message}`,
    `  cause: ${cause}`,
    `  fix:   ${fix}`,
    `  to change: ${WHO[remedy]}`,
    '',
  ].join('\n');
}
