import type { LineIndex } from '../../../grammar/text.ts';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { passesLimit, type ClangMessage } from './clang-messages.ts';
import type { Compiled, Unavailable } from './clang.ts';
import type { Loaders } from './loader.ts';

const START: Span = { start: 0, end: 0 };

/**
 * What the user is told where there is no object: on the policy's own line where clang names one (`#line` has told it),
 * else at the start. `policy` is the name that `#line` gave the policy. Nothing for what compiled.
 */
export function objectDiagnostics(
  outcome: Compiled | Unavailable,
  policy: string,
  lines: LineIndex,
): readonly Diagnostic[] {
  switch (outcome.kind) {
    case 'compiled':
      return [];
    case 'no-clang':
      return [diagnostic('PV6001', START, { tried: outcome.tried.join(', ') })];
    case 'unusable':
      return [diagnostic('PV6001', START, { tried: `${outcome.path}: ${outcome.reason}` })];
    case 'no-header':
      return [diagnostic('PV6002', START, { header: outcome.header })];
    case 'timeout':
      return [diagnostic('PV6008', START, { seconds: outcome.seconds })];
    case 'rejected': {
      const errors = outcome.messages.filter((message) => message.severity === 'error');
      const bare: ClangMessage = {
        file: '',
        line: 0,
        column: 0,
        severity: 'error',
        text: outcome.log.slice(0, 200),
      };
      return distinct(
        (errors.length > 0 ? errors : [bare]).map((message) => rejection(message, policy, lines)),
      );
    }
  }
}

/** What the user is told where there is no loader; nothing where there is one. */
export function loaderDiagnostics(outcome: Loaders): readonly Diagnostic[] {
  switch (outcome.kind) {
    case 'built':
      return [];
    case 'missing':
      return [diagnostic('PV6009', START, { missing: outcome.missing })];
    case 'failed':
      return [diagnostic('PV6010', START, { tool: outcome.tool, log: outcome.log })];
    case 'timeout':
      return [diagnostic('PV6008', START, { seconds: outcome.seconds })];
  }
}

/** Of equal messages the first, if it can be one with a place: clang repeats one for each variable that finds no room. */
function distinct(found: readonly Diagnostic[]): readonly Diagnostic[] {
  return found.filter(({ message, span }, i) => {
    const first = found.findIndex((other) => other.message === message && other.span.start === span.start);
    return (
      first === i && (span !== START || found.every((one) => one.message !== message || one.span === START))
    );
  });
}

function rejection(message: ClangMessage, policy: string, lines: LineIndex): Diagnostic {
  const place = `${message.file}:${message.line}`;
  const span =
    message.file === policy
      ? { start: lines.lineStart(message.line - 1), end: lines.lineEnd(message.line - 1) }
      : START;
  switch (passesLimit(message)) {
    case 'stack':
      return diagnostic('PV6004', span, {
        what: 'this program',
        why: 'its variables need more than the 512 bytes of stack that BPF has; use fewer, or keep some in state',
      });
    case 'arguments':
      return diagnostic('PV6004', span, { what: 'this call', why: 'BPF passes at most five arguments' });
    case undefined:
      return diagnostic('PV6003', span, { message: message.text, place });
  }
}
