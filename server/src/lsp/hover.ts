import type { Hover, Position } from 'vscode-languageserver';
import { delivery, type Delivery } from '../kernel/delivery.ts';
import type { Snapshot } from '../pipeline.ts';
import { callCard, hookCard } from '../safety/cards.ts';
import type { ActionInfo } from '../semantics/actions.ts';
import type { Callee, Symbol } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { toOffset, toRange } from './convert.ts';
import { describeSymbol, type Description } from './describe.ts';
import { occurrenceAt } from './occurrences.ts';

/** What the name at `position` means. */
export function hover(snapshot: Snapshot, position: Position): Hover | undefined {
  const found = occurrenceAt(snapshot.model, toOffset(snapshot, position));
  const value = found && describe(snapshot, found.symbol);
  if (!value) return undefined;
  return { contents: { kind: 'markdown', value }, range: toRange(snapshot, found.ident.span) };
}

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
