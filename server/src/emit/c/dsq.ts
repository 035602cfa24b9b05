import type { Expr, Program } from '../../ir/ir.ts';
import { atMost, atom, LEVEL, type Body, type C } from './body.ts';
import { exprC } from './expressions.ts';
import { constantName } from './names.ts';

const ID = { bits: 64, signed: false } as const;

type Which = (Expr & { kind: 'dsq' })['which'];

/** The enumerator that is the id of a queue of the policy. */
export const dsqName = (program: Program, name: string): string =>
  constantName(
    'DSQ',
    name,
    program.dsqs.map((dsq) => dsq.name),
  );

/** The id of a dispatch queue. */
export function dsqC(body: Body, which: Which): C {
  switch (which.kind) {
    case 'user':
      return atom(dsqName(body.unit.program, which.name), 'literal');
    case 'local':
      return atom(builtIn(body, 'SCX_DSQ_LOCAL'), ID);
    case 'global':
      return atom(builtIn(body, 'SCX_DSQ_GLOBAL'), ID);
    case 'local-on': {
      const cpu = atMost(exprC(body, which.cpu), LEVEL.unary);
      return { text: `${builtIn(body, 'SCX_DSQ_LOCAL_ON')} | ${cpu}`, level: LEVEL.or, width: ID };
    }
  }
}

function builtIn(body: Body, name: string): string {
  body.unit.constants.set(name, { enumName: 'scx_dsq_id_flags', value: undefined });
  return name;
}
