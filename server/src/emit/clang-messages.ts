/** One message of clang. Thanks to `#line` its file is the policy where the policy's own statement is meant. */
export interface ClangMessage {
  readonly file: string;
  /** 1-based, as clang prints them; the column counts in the generated statement. */
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning' | 'note';
  readonly text: string;
}

const MESSAGE =
  /^(?<file>[^\s:][^:\n]*):(?<line>\d+):(?<column>\d+): (?<severity>fatal error|error|warning|note): (?<text>.*)$/;

/** How clang names the line of a limit that was passed: in a note, for it no longer has the line's text. */
const ORIGIN =
  /^could not determine the original source location for (?<file>.+):(?<line>[1-9]\d*):(?<column>\d+)$/;

/** Reads what clang wrote: source lines, carets and summaries are left out. */
export function parseClang(output: string): ClangMessage[] {
  const messages = linesOf(output);
  return messages.map((message, i) => {
    const groups = ORIGIN.exec(messages[i + 1]?.text ?? '')?.groups;
    if (message.severity === 'note' || groups === undefined) return message;
    const { file = '', line, column } = groups;
    return { ...message, file, line: Number(line), column: Number(column) };
  });
}

function linesOf(output: string): ClangMessage[] {
  return output.split('\n').flatMap((line) => {
    const groups = MESSAGE.exec(line)?.groups;
    if (groups === undefined) return [];
    const severity = groups['severity'] === 'fatal error' ? 'error' : groups['severity'];
    return [
      {
        file: groups['file'] ?? '',
        line: Number(groups['line']),
        column: Number(groups['column']),
        severity: severity as ClangMessage['severity'],
        text: groups['text'] ?? '',
      },
    ];
  });
}

/** A limit of BPF that clang found the program to pass: no bug of ours, the policy asks for too much. */
export const passesLimit = (message: ClangMessage): 'stack' | 'arguments' | undefined => {
  if (/stack (limit|size)|stack.*exceed/i.test(message.text)) return 'stack';
  return /too many args|stack arguments/i.test(message.text) ? 'arguments' : undefined;
};
