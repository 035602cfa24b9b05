import type { Block, Ident } from '../../../../grammar/ast.ts';
import type { Fix } from '../../diagnostics/diagnostic.ts';
import type { HandlerModel } from '../../semantics/model.ts';
import { atEnd, before, orElse } from '../rewrites.ts';
import { statementAt } from '../statements.ts';
import type { Exit, Paths } from './paths.ts';

/**
 * Inserts a task that a path through `enqueue` loses into the queue from which every CPU takes by itself: at the `return` where
 * the path ends, at the end of the body, or in an `else` of the last statement. Only where no other path that comes by
 * has inserted it already.
 */
export function insertLost(
  lost: Exit,
  exits: readonly Exit[],
  handler: HandlerModel,
  paths: Paths,
): readonly Fix[] {
  const [task, flags] = handler.params.map(({ ident }) => ident.text);
  if (task === undefined || task === '' || task === '_') return [];
  const bits = flags === undefined || flags === '_' ? '0' : flags;
  const text = `scx_bpf_dsq_insert(${task}, GLOBAL, SCX_SLICE_DFL, ${bits})`;
  const { body } = handler.decl;
  const sameWay = exits.filter(({ at }) => at?.start === lost.at?.start);
  const fix = (edit: Fix['edits'][number]): readonly Fix[] => [
    { title: `Insert ${task} into GLOBAL`, edits: [edit] },
  ];
  if (sameWay.every(isLost)) {
    if (lost.at === undefined) return fix(atEnd(body, text));
    const stmt = statementAt(body, lost.at);
    return stmt?.kind === 'return' && stmt.value === undefined ? fix(before(stmt, text)) : [];
  }
  const open = lost.at === undefined ? openBranches(body, handler.params[0]?.ident, paths) : undefined;
  return open === undefined ? [] : fix(orElse(open, text));
}

const isLost = ({ state }: Exit): boolean => state.most === 0;

/** The last statement, where the task is lost if and only if none of its branches is taken. */
function openBranches(body: Block, task: Ident | undefined, paths: Paths): Block | undefined {
  const last = body.stmts.at(-1);
  const before = paths.through({ ...body, stmts: body.stmts.slice(0, -1) }, task);
  if (!before.filter(({ at }) => at === undefined).every(isLost)) return undefined;
  let branch = last;
  while (branch?.kind === 'if' || branch?.kind === 'if-let') {
    if (paths.through(branch.then, task).some(isLost)) return undefined;
    if (branch.otherwise === undefined) return branch.then;
    if (branch.otherwise.kind === 'block') return undefined;
    branch = branch.otherwise;
  }
  return undefined;
}
