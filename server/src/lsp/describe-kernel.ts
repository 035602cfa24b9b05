import { delivery, type Delivery } from '../kernel/delivery.ts';
import type { Snapshot } from '../pipeline.ts';
import { contextOf, describeContext, titleOf } from '../safety/context.ts';
import type { ActionInfo } from '../semantics/actions.ts';
import type { CallInfo, HookInfo } from '../semantics/kernel-view.ts';
import type { Callee } from '../semantics/model.ts';
import { show } from '../semantics/types.ts';
import { describeSymbol, type Description } from './describe.ts';

/** A hook's card: its arguments, what is held while it runs, when it fires. */
export function describeHook({ model }: Snapshot, hook: HookInfo): Description {
  const params = hook.params.map(({ name, type }) => `${name}: ${show(type)}`).join(', ');
  const handler = model.handlers.find((candidate) => candidate.hook === hook);
  const context = handler && contextOf(handler, handler.side === 'guest' ? 'tracing' : model.target);
  const facts = context && [
    `- ${capital(describeContext(context))}`,
    ...(context.row ? [`- Preemption ${context.row.preempt}; may be in: ${context.row.contexts}`] : []),
    ...(context.site === '' ? [] : [`- Called from \`${context.site}\``]),
  ];
  return {
    code: `${titleOf(hook)}(${params})`,
    doc: [hook.doc, facts?.join('\n') ?? ''].filter((part) => part !== '').join('\n\n'),
  };
}

/** What a call does: its contract for a kfunc or helper, its delivery for an action. */
export function describeCallee(snapshot: Snapshot, callee: Callee): Description | undefined {
  switch (callee.kind) {
    case 'fn': {
      const symbol = snapshot.model.names.get(callee.decl.name);
      return symbol && describeSymbol(snapshot, symbol);
    }
    case 'kernel':
      return describeCall(callee.call);
    case 'action':
      return describeAction(snapshot, callee.action);
    case 'builtin': {
      const { signature, doc } = callee.builtin;
      return { code: signature, doc };
    }
  }
}

function describeCall({ signature, class: kind, renamedTo, usable, doc }: CallInfo): Description {
  const notes = [
    doc,
    renamedTo === undefined ? '' : `Called \`${renamedTo}\` today.`,
    usable === true ? '' : `Not for a policy: ${usable.reason}.`,
    kind === 'helper' ? 'A helper of BPF.' : 'A kfunc of the kernel.',
  ];
  return { code: signature, doc: notes.filter((note) => note !== '').join('\n\n') };
}

function describeAction({ model, kernels }: Snapshot, action: ActionInfo): Description {
  const params = action.params.map(({ name, type }) => `${name}: ${show(type)}`).join(', ');
  const { target } = model;
  const ways = target
    ? new Set(
        kernels.profiles.map((profile) => way(delivery(action.name, target, profile, kernels.outOfTree))),
      )
    : [];
  return {
    code: `${action.name}(${params})`,
    doc: [action.doc, ...[...ways].map((how) => `On ${target}: ${how}.`)].join('\n\n'),
  };
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

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
