import type { Ident } from '../../../../grammar/ast.ts';
import type { Diagnostic, Related } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import type { HandlerModel, Model } from '../../semantics/model.ts';
import { textOf } from '../../semantics/fixes.ts';
import { titleOf } from '../context.ts';
import { testAffinity } from '../fixes.ts';
import type { Reach } from '../reach.ts';
import { Paths, type Exit } from './paths.ts';
import { checkQueues } from './queues.ts';
import { checkKicks } from './kicks.ts';
import { checkAlwaysFirst } from './always-first.ts';
import { checkCpuNumbers } from './cpu-numbers.ts';
import { checkDispatchBuffer } from './dispatch-buffer.ts';
import { checkFullLists } from './full-lists.ts';
import { checkIdleClaims } from './idle-claims.ts';
import { insertLost } from './insert-fix.ts';
import { checkKeptTasks } from './kept-tasks.ts';
import { checkReenqueue } from './reenqueue.ts';
import { checkStarvation } from './starvation.ts';
import { TooManyPaths, type PathState } from './state.ts';

/** Diagnostics of what a scheduler may lose (PV5xxx); policies for other targets schedule nothing. */
export function checkLiveness(model: Model, reach: Reach): readonly Diagnostic[] {
  if (model.target !== 'sched_ext') return [];
  const paths = new Paths(model, reach);
  const insertions = model.handlers.flatMap((handler) => checkInsertions(handler, paths));
  return [
    ...insertions,
    ...checkAffinity(paths),
    ...checkQueues(model, reach),
    ...checkStarvation(model, reach),
    ...checkKicks(model),
    ...checkReenqueue(model),
    ...checkIdleClaims(model),
    ...checkDispatchBuffer(model),
    ...checkKeptTasks(model),
    ...checkCpuNumbers(model),
    ...checkAlwaysFirst(model),
    ...checkFullLists(model),
  ];
}

/** Said of the paths that were walked before. */
const checkAffinity = (paths: Paths): readonly Diagnostic[] =>
  [...paths.affinity.unchecked.values()].map(({ task, cpu, span, byFunction }) => {
    const [who, where] = [textOf(task), textOf(cpu)];
    const args = { task: who ?? 'the task', cpu: where ?? 'that CPU' };
    const fixes =
      byFunction || who === undefined || where === undefined ? [] : testAffinity(span, who, where);
    return diagnostic('PV5004', span, args, { fixes });
  });

/** Ops that get a task to insert, and whether they must: what select_cpu leaves goes on to enqueue. */
const INSERTING: Readonly<Record<string, { readonly must: boolean }>> = {
  enqueue: { must: true },
  select_cpu: { must: false },
};

function checkInsertions(handler: HandlerModel, paths: Paths): readonly Diagnostic[] {
  const { hook, decl } = handler;
  if (hook?.family !== 'op' || decl.kind !== 'hook') return [];
  const rule = INSERTING[hook.name];
  const task = rule && handler.params[0]?.ident;
  const exits = exitsOf(paths, handler, task);
  if (rule === undefined) return [];
  const named = { task: taskName(task), hook: titleOf(hook) };
  const found: Diagnostic[] = [];
  const lost = rule.must ? exits.find(({ state }) => state.most === 0) : undefined;
  if (lost !== undefined) {
    const span = lost.at ?? decl.hook.span;
    const fixes = insertLost(lost, exits, handler, paths);
    found.push(diagnostic('PV5001', span, named, { related: turnsOf(lost.state), fixes }));
  }
  const second = new Map(
    exits.flatMap(({ state }) => (state.second ? [[state.second.start, state] as const] : [])),
  );
  for (const state of second.values()) {
    if (state.second !== undefined)
      found.push(diagnostic('PV5002', state.second, named, { related: turnsOf(state) }));
  }
  return found;
}

function exitsOf(paths: Paths, handler: HandlerModel, task: Ident | undefined): readonly Exit[] {
  try {
    return paths.through(handler.decl.body, task);
  } catch (error) {
    if (error instanceof TooManyPaths) return [];
    throw error;
  }
}

const taskName = (task: Ident | undefined): string =>
  task === undefined || task.text === '_' || task.text === '' ? 'the task' : `'${task.text}'`;

/** The decisions that lead along the path, in their order. */
function turnsOf(state: PathState): readonly Related[] {
  const related: Related[] = [];
  for (let turn = state.turn; turn !== undefined; turn = turn.before) {
    related.unshift({ message: `on the path where this is ${turn.holds}`, span: turn.span });
  }
  return related;
}
