import type { Position, SignatureHelp } from 'vscode-languageserver';
import type { CallExpr } from '../../../grammar/ast.ts';
import type { Snapshot } from '../pipeline.ts';
import { showSlot } from '../semantics/builtins.ts';
import type { Callee } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { toOffset } from './convert.ts';
import { layout } from '../../../grammar/parser-layout.ts';
import * as T from '../../../grammar/tokens.ts';
import { pathTo, type AnyNode } from '../../../grammar/walk.ts';

/** The parameters of the innermost call around `position`, or of the hook in whose head it is, and which is being written. */
export function signatureHelp(snapshot: Snapshot, position: Position): SignatureHelp | undefined {
  const offset = toOffset(snapshot, position);
  const path = pathTo(snapshot.file, offset);
  const call = path.findLast(
    (node): node is CallExpr =>
      node.kind === 'call' && node.callee.span.end < offset && offset <= node.span.end,
  );
  if (!call) return ofHook(snapshot, path, offset);
  // The closing parenthesis is behind the call: nothing more is being written.
  if (offset === call.span.end && snapshot.text[offset - 1] === ')') return undefined;
  const callee = snapshot.model.calls.get(call)?.callee;
  if (!callee) return undefined;
  return shown(describe(callee, snapshot), argumentAt(snapshot.text, call.callee.span.end, offset));
}

function ofHook(
  { model, text }: Snapshot,
  path: readonly AnyNode[],
  offset: number,
): SignatureHelp | undefined {
  const decl = path.find((node) => node.kind === 'hook');
  if (!decl || offset <= decl.hook.span.end || offset > decl.body.span.start) return undefined;
  if (text.slice(decl.hook.span.end, offset).includes(')')) return undefined;
  const hook = model.handlers.find((one) => one.decl === decl)?.hook;
  if (!hook || hook.params.length === 0) return undefined;
  const params = hook.params.map(({ name, type }) => `${name}: ${show(type)}`);
  return shown(
    { name: hook.name, params, result: '', doc: hook.doc },
    argumentAt(text, decl.hook.span.end, offset),
  );
}

function shown({ name, params, result, doc }: Shown, at: Argument): SignatureHelp {
  const labelled = params.findIndex((param) => param.startsWith(`${at.label}:`));
  const active = labelled >= 0 ? labelled : Math.min(at.index, Math.max(0, params.length - 1));
  return {
    signatures: [
      {
        label: `${name}(${params.join(', ')})${result}`,
        ...(doc && { documentation: { kind: 'markdown', value: doc } }),
        parameters: params.map((label) => ({ label })),
      },
    ],
    activeSignature: 0,
    activeParameter: active,
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
      const { name, params, result, variadic, where, doc } = callee.builtin;
      // What a statistic is made of is no value with a type.
      if (where === 'expect') return { name, params: ['METRIC of VM'], result: '', doc };
      const gives = showSlot(result);
      const written = params.map((param) => `${param.name}: ${showSlot(param.type)}`);
      return {
        name,
        params: variadic ? [...written.slice(0, -1), `${written.at(-1)}, …`] : written,
        result: gives === 'void' ? '' : ` -> ${gives}`,
        doc,
      };
    }
  }
}

/** The argument that an offset is in: how many are in front of it, and the label that it has. */
interface Argument {
  readonly index: number;
  readonly label: string | undefined;
}

/** Reads the tokens from the '(' at `open` to the offset. */
function argumentAt(text: string, open: number, offset: number): Argument {
  let depth = 0;
  let index = 0;
  let label: string | undefined;
  const tokens = layout(text, open, offset).raw;
  for (const [i, { tokenType: type, image }] of tokens.entries()) {
    if (type === T.LParen || type === T.LBracket) depth++;
    else if (type === T.RParen || type === T.RBracket) depth--;
    if (depth !== 1) continue;
    if (type === T.Comma) index++;
    if (type === T.Comma || type === T.LParen) label = undefined;
    // `a ? b : c` has its ':' behind more than a word.
    const before = tokens[i - 1]?.tokenType;
    if (tokens[i + 1]?.tokenType === T.Colon && (before === T.LParen || before === T.Comma)) label = image;
  }
  return { index, label };
}
