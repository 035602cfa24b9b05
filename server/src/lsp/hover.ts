import type { Hover, Position } from 'vscode-languageserver';
import { pathTo } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { delivery, type Delivery } from '../kernel/delivery.ts';
import type { Snapshot } from '../pipeline.ts';
import { callCard, hookCard } from '../safety/cards.ts';
import type { ActionInfo } from '../semantics/actions.ts';
import type { Callee, Symbol } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { toOffset, toRange } from './convert.ts';
import { describeSymbol, type Description } from './describe.ts';
import { KEYWORDS, keywordAt } from './keywords.ts';
import { occurrenceAt } from './occurrences.ts';

/** What the name, the literal or the word of the language at `position` means. */
export function hover(snapshot: Snapshot, position: Position): Hover | undefined {
  const offset = toOffset(snapshot, position);
  const found = occurrenceAt(snapshot.model, offset);
  if (!found) return ofLiteral(snapshot, offset) ?? ofKeyword(snapshot, offset);
  const value = describe(snapshot, found.symbol);
  return value === undefined ? undefined : card(snapshot, value, found.ident.span);
}

const card = (snapshot: Snapshot, value: string, span: Span): Hover => ({
  contents: { kind: 'markdown', value },
  range: toRange(snapshot, span),
});

function ofKeyword(snapshot: Snapshot, offset: number): Hover | undefined {
  const found = keywordAt(snapshot.text, snapshot.file, offset);
  if (found === undefined) return undefined;
  return card(snapshot, `\`${found.word}\`\n\n${KEYWORDS[found.word] ?? ''}`, found.span);
}

/** What a duration is in nanoseconds, and a ratio in steps: what is computed with. */
function ofLiteral(snapshot: Snapshot, offset: number): Hover | undefined {
  const node = pathTo(snapshot.file, offset).at(-1);
  switch (node?.kind) {
    case 'duration':
      return card(snapshot, `${grouped(node.value)} ns`, node.span);
    case 'ratio':
      return card(snapshot, `${grouped(node.value)}/1024`, node.span);
    case 'int': {
      const other = snapshot.text.startsWith('0x', node.span.start) ? grouped(node.value) : hex(node.value);
      return card(snapshot, `\`${other}\``, node.span);
    }
    default:
      return undefined;
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const grouped = (value: bigint): string => value.toString().replaceAll(/\B(?=(?:\d{3})+$)/gu, '_');

function describe(snapshot: Snapshot, symbol: Symbol): string | undefined {
  switch (symbol.kind) {
    case 'hook':
      return hookCard(symbol.hook, snapshot.model.target, snapshot.kernels);
    case 'callable':
      return describeCallee(snapshot, symbol.callee);
    default:
      return markdown(describeSymbol(snapshot, symbol));
  }
}

function describeCallee(snapshot: Snapshot, callee: Callee): string | undefined {
  switch (callee.kind) {
    case 'fn': {
      const symbol = snapshot.model.names.get(callee.decl.name);
      return symbol && describe(snapshot, symbol);
    }
    case 'kernel':
      return callCard(callee.call.name, snapshot.kernels);
    case 'action':
      return markdown(describeAction(snapshot, callee.action));
    case 'builtin':
      return markdown({ code: callee.builtin.signature, doc: callee.builtin.doc });
  }
}

function describeAction({ model: { target }, kernels }: Snapshot, action: ActionInfo): Description {
  const params = action.params.map(({ name, type }) => `${name}: ${show(type)}`).join(', ');
  const ways = target
    ? kernels.profiles.map((profile) => way(delivery(action.name, target, profile, kernels.outOfTree)))
    : [];
  const lines = [...new Set(ways)].map((how) => `On ${target}: ${how}.`);
  return { code: `${action.name}(${params})`, doc: [action.doc, ...lines].join('\n\n') };
}

function way(delivered: Delivery): string {
  switch (delivered.kind) {
    case 'inline':
    case 'write':
      return `at once, by ${delivered.how}`;
    case 'agent':
      return `by the agent, a millisecond or two later, by ${delivered.how}`;
    case 'none':
      return 'not to be had';
  }
}

const markdown = (description: Description | undefined): string | undefined =>
  description &&
  [`\`\`\`pvpolicy\n${description.code}\n\`\`\``, description.doc ?? ''].join('\n\n').trimEnd();
