import { readLog, type Refused } from './read.ts';
import { meaningOf, UNKNOWN, type Remedy } from './rules.ts';

/** One refusal of the kernel or of libbpf, told in terms of the policy. */
export interface LogFinding {
  /** The BPF program that was refused; undefined: the whole object. */
  readonly program: string | undefined;
  /** The file whose line is meant: the policy's name, or 'x.bpf.c' where the log names no line of the policy. */
  readonly file: string | undefined;
  /** 1-based; undefined where the log names no line. */
  readonly line: number | undefined;
  /** False: the refused instruction is in a function that the compiler wrote, and `line` is the policy's last before it. */
  readonly exact: boolean;
  /** The line's text. */
  readonly source: string | undefined;
  /** What the kernel or libbpf said. */
  readonly message: string;
  readonly cause: string;
  readonly fix: string;
  readonly remedy: Remedy;
}

/** A policy that the log may be about. */
export interface PolicySource {
  readonly name: string;
  readonly text: string;
}

/**
 * Explains the log of a load that failed. `policy` gives what the log leaves out: the line of a hook whose program was
 * refused as a whole, and where a line has moved to since. Empty: there is no refusal in it.
 */
export function explainLog(log: string, policy?: PolicySource): readonly LogFinding[] {
  return readLog(log).map((refused) => explain(refused, policy));
}

function explain(refused: Refused, policy: PolicySource | undefined): LogFinding {
  const known = meaningOf(refused.messages);
  const message = known?.message ?? refused.messages[0] ?? 'no reason given';
  // 7.x gives reasons itself.
  const theirs = refused.report && { cause: refused.report.reason, fix: refused.report.suggestion };
  const meaning = known?.meaning ?? { ...UNKNOWN, ...theirs };
  return { program: refused.program, ...placeOf(refused, message, policy), message, ...meaning };
}

type At = Pick<LogFinding, 'file' | 'line' | 'exact' | 'source'>;

function placeOf(
  { program, at, policyLine, source }: Refused,
  message: string,
  policy: PolicySource | undefined,
): At {
  const place = policyLine ?? at;
  const exact = at === undefined || place === at;
  if (policy === undefined) return { file: place?.file, line: place?.line, exact, source };
  const lines = policy.text.split('\n');
  if (source !== undefined) {
    const line = nearest(lines, source, policyLine?.line ?? 1);
    return { file: policy.name, line: line ?? policyLine?.line, exact, source };
  }
  const line = lineNamedBy(message, lines) ?? hookOf(program, lines);
  if (line === undefined) return { file: place?.file, line: place?.line, exact, source };
  return { file: policy.name, line, exact: false, source: lines[line - 1]?.trim() };
}

/** The line (1-based) with that text that is closest to where it was. */
function nearest(lines: readonly string[], text: string, was: number): number | undefined {
  const wanted = text.trim();
  let best: number | undefined;
  for (const [i, line] of lines.entries()) {
    if (line.trim() !== wanted) continue;
    if (best === undefined || Math.abs(i + 1 - was) < Math.abs(best - was)) best = i + 1;
  }
  return best;
}

/** The first line that calls the kernel function, or declares the hook, which the message names. */
function lineNamedBy(message: string, lines: readonly string[]): number | undefined {
  const name = /'(\w+?)(?:___\w+)?'/.exec(message.replace(/^prog '[^']*': /, ''))?.[1];
  if (name === undefined) return undefined;
  const word = new RegExp(`\\b${name}\\b`);
  const at = lines.findIndex((line) => word.test(line.replace(/\/\/.*/, '')));
  return at < 0 ? undefined : at + 1;
}

/** The line of the hook that became the program: `on_NAME`, or `POLICY_NAME` for operations. */
function hookOf(program: string | undefined, lines: readonly string[]): number | undefined {
  const at = lines.findIndex((line) => {
    const hook = /^\s*on\s+(?:\w+\s+)?(?:\w+:)?(\w+)/.exec(line)?.[1];
    return hook !== undefined && (program === `on_${hook}` || program?.endsWith(`_${hook}`) === true);
  });
  return at < 0 ? undefined : at + 1;
}
