import {
  CompletionItemKind,
  CompletionItemTag,
  InsertTextFormat,
  type CompletionItem,
} from 'vscode-languageserver';
import type { BuiltinInfo, BuiltinType } from '../semantics/builtins.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';

import { KEYWORDS } from './keywords.ts';

export type Item = CompletionItem;

/** Order of the groups in the list: the policy's own names, then the language's, then the kernel's. */
export const RANK = {
  local: '0',
  own: '1',
  language: '2',
  keyword: '3',
  kernel: '4',
  constant: '5',
} as const;

export const keyword = (label: string, detail: string): Item => ({
  label,
  detail,
  kind: CompletionItemKind.Keyword,
  sortText: RANK.keyword + label,
  ...(Object.hasOwn(KEYWORDS, label) && {
    documentation: { kind: 'markdown' as const, value: KEYWORDS[label] ?? '' },
  }),
});

export const snippet = (label: string, body: string, detail: string): Item => ({
  ...keyword(label, detail),
  kind: CompletionItemKind.Snippet,
  insertText: body,
  insertTextFormat: InsertTextFormat.Snippet,
});

export const plainItem = (
  label: string,
  kind: CompletionItemKind,
  rank: keyof typeof RANK,
  detail: string,
  doc?: string,
): Item => ({
  label,
  kind,
  detail,
  sortText: RANK[rank] + label,
  ...(doc && { documentation: { kind: 'markdown', value: doc } }),
});

/** So much of a name must be written before what is left out is listed as well. */
export const LEAST = 3;

/** What must not be written here, behind everything else, with the reason. */
export const notHere = (item: Item, why: string, more = ''): Item => ({
  ...item,
  tags: [CompletionItemTag.Deprecated],
  detail: `not here: ${why}${more}`,
  labelDetails: { description: `not here: ${why}` },
  sortText: `9${item.label}`,
});

export const typeItem = ({ name, doc }: BuiltinType): Item =>
  plainItem(name, CompletionItemKind.TypeParameter, 'language', 'type', doc);

export const builtinItem = ({ name, receiver, signature, doc }: BuiltinInfo): Item =>
  plainItem(
    name,
    receiver ? CompletionItemKind.Method : CompletionItemKind.Function,
    'language',
    signature,
    doc,
  );

export const callItem = ({ name, signature, doc, renamedTo }: CallInfo): Item => ({
  ...plainItem(name, CompletionItemKind.Function, 'kernel', signature, doc),
  ...(renamedTo !== undefined && { tags: [CompletionItemTag.Deprecated] }),
});
