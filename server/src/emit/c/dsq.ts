import type { Expr } from '../../ir/ir.ts';
import { atMost, atom, LEVEL, type Body, type C } from './body.ts';
import { exprC } from './expressions.ts';
import { upper } from './names.ts';

const ID = { bits: 64, signed: false } as const;

type Which = (Expr & { kind: 'dsq' })['which'];

/** The enumerator that is the id of a queue of the policy. */
export const dsqName = (name: string): string => `DSQ_${upper(name)}`;

/** The id of a dispatch queue. */
export function dsqC(body: Body, which: Which): C {
  switch (which.kind) {
    case 'user':
      return atom(dsqName(which.name), 'literal');
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
