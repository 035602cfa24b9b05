/** A line of a source file, as the program's line information has it. */
export interface Place {
  /** 'x.pvpolicy', or 'x.bpf.c' for the generator's own code. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** One refusal, as the log has it. */
export interface Refused {
  /** The BPF program; undefined where the object as a whole was refused. */
  readonly program: string | undefined;
  /** What was said, the last line first: it is mostly the decisive one. */
  readonly messages: readonly string[];
  /** Where the verifier stood. */
  readonly at: Place | undefined;
  /** The last line of the policy before that: `at` may be in a function of the generator. */
  readonly policyLine: Place | undefined;
  /** The text of the policy's line, as it was when it was compiled. */
  readonly source: string | undefined;
  /** The verifier's own reason and suggestion, which 7.x writes. */
  readonly report: { readonly reason: string; readonly suggestion: string } | undefined;
}

const BEGIN = /-- BEGIN (?:PROG LOAD|DUMP) LOG --/;
const END = /-- END (?:PROG LOAD|DUMP|LOG).*--/;
const PROGRAM = /libbpf: prog '(?<name>[^']+)'/;
/** `; TEXT @ FILE:LINE`; kernels before 6.10 leave out the place. */
const SOURCE = /^; (?<text>.*?)(?: @ (?<file>[^@:]+):(?<line>\d+))?$/;
const AT = /^ {2}\S+ @ (?<file>[^@:]+):(?<line>\d+)(?::\d+)?$/;
const INSTRUCTION = /^\s*(?<at>\d+): \([0-9a-f]{2}\)/;
/** What the verifier says of registers, calls and itself: no refusal. */
const STATE =
  /^\s*(?:\d+: |R\d+(?:_\w+)?=|frame\d+: |from \d+ to \d+|last_idx |regs=|parent |caller:|callee:|to caller at|returning from callee|processed \d+ insns|verification time|stack depth|mark_|func#\d+ @|Func#\d+ |Validating |arg#\d+ )|is safe|^\s*$/;
const LIBBPF_ERROR =
  /libbpf: (?:prog '[^']+': )?(?:.*(?:not found|incompatible|failed to find|failed to create|failed to (?:auto-)?attach|Error in|unrecognized data section|struct_ops init_kern|lockdown|Operation not permitted|failed to load: -\d+))/;
const isPolicy = (file: string): boolean => file.endsWith('.pvpolicy');

/**
 * Finds the refusals in what libbpf, bpftool or a loader printed, or in a verifier's log alone. Takes the plain text; one
 * refusal a program. Time: linear in the log.
 */
export function readLog(log: string): readonly Refused[] {
  // oxlint-disable-next-line no-control-regex -- colours of a terminal
  const lines = log
    .replace(/\r/g, '')
    .replace(/\u001B\[[0-9;]*m/g, '')
    .split('\n');
  const bodies: { readonly program: string | undefined; readonly lines: string[] }[] = [];
  const outside: string[] = [];
  let open: (typeof bodies)[number] | undefined;
  for (const line of lines) {
    if (BEGIN.test(line)) {
      open = { program: PROGRAM.exec(line)?.groups?.['name'], lines: [] };
      bodies.push(open);
    } else if (END.test(line)) open = undefined;
    else if (open) open.lines.push(line);
    else outside.push(line);
  }
  // Text without a frame is a log by itself where it has instructions, or only says what became of them.
  if (bodies.length === 0 && (outside.some((line) => INSTRUCTION.test(line)) || isVerdict(outside))) {
    bodies.push({ program: PROGRAM.exec(log)?.groups?.['name'], lines: outside.splice(0) });
  }
  const refused = bodies.map(({ program, lines: body }) => refusalIn(program, body));
  return [...refused, ...withoutLog(outside, new Set(bodies.map(({ program }) => program)))];
}

/** Whether a text holds anything that libbpf, bpftool or the verifier print, of a refusal or of a load that went well. */
export const isLog = (text: string): boolean =>
  text
    .split('\n')
    .some((line) => /libbpf: |processed \d+ insns/.test(line) || BEGIN.test(line) || INSTRUCTION.test(line));

/** The log of a program that is too large has no instructions, nor has one of which only the statistics were asked for. */
const isVerdict = (lines: readonly string[]): boolean =>
  lines.some((line) => /^processed \d+ insns/.test(line)) &&
  lines.every((line) => !/^libbpf: /.test(line)) &&
  lines.some((line) => !STATE.test(line));

function refusalIn(program: string | undefined, lines: readonly string[]): Refused {
  const headline = lines.findIndex((line) => line.startsWith('Verification failed: '));
  const walk = headline < 0 ? lines : lines.slice(0, headline);
  const seen = follow(walk);
  const rest = lines.slice(headline);
  const reported =
    headline < 0 ? undefined : rest.map((line) => AT.exec(line)).find((found) => found !== null);
  const at = reported ? placeOf(reported.groups) : seen.at;
  const policyLine = at && isPolicy(at.file) ? at : seen.policyLine;
  return {
    program,
    messages: [
      ...seen.messages.toReversed(),
      ...lines.slice(headline < 0 ? lines.length : headline).slice(0, 1),
    ],
    at,
    policyLine,
    source: seen.source,
    report:
      headline < 0
        ? undefined
        : { reason: paragraph(rest, 'Reason:'), suggestion: paragraph(rest, 'Suggestion:') },
  };
}

interface Followed {
  readonly messages: readonly string[];
  readonly at: Place | undefined;
  readonly policyLine: Place | undefined;
  readonly source: string | undefined;
}

/** Goes through the instructions as the verifier did, and stops where it did. */
function follow(lines: readonly string[]): Followed {
  let [at, policyLine]: (Place | undefined)[] = [];
  let source: string | undefined;
  let messages: string[] = [];
  for (const line of lines) {
    const found = SOURCE.exec(line);
    if (found) {
      const place = placeOf(found.groups);
      at = place;
      if (place === undefined || isPolicy(place.file)) {
        policyLine = place ?? policyLine;
        source = found.groups?.['text'];
      }
      messages = [];
    } else if (INSTRUCTION.test(line)) messages = [];
    else if (!STATE.test(line) || /combined stack|stack limit/.test(line)) messages.push(line.trim());
  }
  return { messages, at, policyLine, source };
}

function placeOf(groups: Readonly<Record<string, string | undefined>> | undefined): Place | undefined {
  const { file, line } = groups ?? {};
  return file === undefined || line === undefined ? undefined : { file, line: Number(line) };
}

/** The indented lines behind a title, as one. */
function paragraph(lines: readonly string[], title: string): string {
  const start = lines.indexOf(title) + 1;
  if (start === 0) return '';
  const end = lines.findIndex((line, i) => i >= start && !line.startsWith('  '));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .map((line) => line.trim())
    .join(' ');
}

/** What libbpf refused before the verifier saw it; its first line about each program. */
function withoutLog(lines: readonly string[], known: ReadonlySet<string | undefined>): readonly Refused[] {
  const found = new Map<string | undefined, string>();
  for (const line of lines) {
    if (!LIBBPF_ERROR.test(line)) continue;
    const program = PROGRAM.exec(line)?.groups?.['name'];
    if (!known.has(program) && !found.has(program))
      found.set(program, line.replace(/^.*?libbpf: /, '').trim());
  }
  return [...found].map(([program, message]) => ({
    program,
    messages: [message],
    at: undefined,
    policyLine: undefined,
    source: undefined,
    report: undefined,
  }));
}
