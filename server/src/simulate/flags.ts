import type { Program } from '../ir/ir.ts';
import { walkSide } from '../ir/walk.ts';

/**
 * Flags whose bits differ between the kernels at hand: replay gives them bits that no kernel uses, and passes the same
 * bits to hooks.
 */
export const OWN_BITS: Readonly<Record<string, bigint>> = {
  SCX_ENQ_HEAD: 1n << 61n,
  SCX_ENQ_CPU_SELECTED: 1n << 60n,
};

/** The bits that hooks pass for the flag `name`: those that the policy tests for; none where it does not. */
export function flagBits(program: Program, name: string): bigint {
  let bits = 0n;
  walkSide(program.host, {
    expr: (expr) => {
      if (expr.kind === 'kernel-const' && expr.name === name) bits = expr.value ?? OWN_BITS[name] ?? 0n;
    },
  });
  return bits;
}
