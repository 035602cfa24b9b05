import type { Position, SignatureHelp } from 'vscode-languageserver';
import type { CallExpr } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import { showSlot } from '../semantics/builtins.ts';
import type { Callee } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { toOffset } from './convert.ts';
import { pathTo } from '../../../grammar/walk.ts';

/** The parameters of the innermost call around `position`, and which of them is being written. */
export function signatureHelp(snapshot: Snapshot, position: Position): SignatureHelp | undefined {
  const offset = toOffset(snapshot, position);
  const call = pathTo(snapshot.file, offset).findLast(
    (node): node is CallExpr =>
      node.kind === 'call' && node.callee.span.end < offset && offset <= node.span.end,
  );
  if (!call) return undefined;
  // The closing parenthesis is behind the call: nothing more is being written.
  if (offset === call.span.end && snapshot.text[offset - 1] === ')') return undefined;
  const callee = snapshot.model.calls.get(call)?.callee;
  if (!callee) return undefined;
  const { name, params, result, doc } = describe(callee, snapshot);
  const before = snapshot.text.slice(call.callee.span.end + 1, offset);
  return {
    signatures: [
      {
        label: `${name}(${params.join(', ')})${result}`,
        ...(doc !== undefined && { documentation: { kind: 'markdown', value: doc } }),
        parameters: params.map((label) => ({ label })),
      },
    ],
    activeSignature: 0,
    activeParameter: Math.min(commas(before), Math.max(0, params.length - 1)),
  };
}

interface Shown {
  readonly name: string;
  readonly params: readonly string[];
  readonly result: string;
  readonly doc: string | undefined;
}

function describe(callee: Callee, snapshot: Snapshot): Shown {
  switch (callee.kind) {
    case 'fn': {
      const { name, params, result, doc } = callee.decl;
      const slice = ({ span }: { span: { start: number; end: number } }): string =>
        snapshot.text.slice(span.start, span.end);
      return {
        name: name.text,
        params: params.map((param) => `${param.name.text}: ${slice(param.type)}`),
        result: result ? ` -> ${slice(result)}` : '',
        doc,
      };
    }
    case 'action': {
      const { name, params, doc } = callee.action;
      return { name, params: params.map((p) => `${p.name}: ${show(p.type)}`), result: '', doc };
    }
    case 'kernel': {
      const { name, params, result, doc } = callee.call;
      const written = params.filter((param) => !param.out);
      return {
        name,
        params: written.map((param) => `${param.name}: ${show(param.type)}`),
        result: result.kind === 'void' ? '' : ` -> ${show(result)}`,
        doc,
      };
    }
    case 'builtin': {
      const { name, params, result, doc } = callee.builtin;
      const gives = showSlot(result);
      return {
        name,
        params: params.map((param) => `${param.name}: ${showSlot(param.type)}`),
        result: gives === 'void' ? '' : ` -> ${gives}`,
        doc,
      };
    }
  }
}

/** Commas that separate the arguments so far, not those of inner calls. */
function commas(text: string): number {
  let depth = 0;
  let count = 0;
  for (const c of text) {
    if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    else if (c === ',' && depth === 0) count++;
  }
  return count;
}
