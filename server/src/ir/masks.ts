import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from './ir.ts';
import { IR_CPU, IR_CPUMASK } from './types.ts';

/** A cpumask that is known at compile time (one bit a CPU), as ranges `lo, hi` with both ends included. */
export function maskLiteral(bits: bigint, span: Span): Expr {
  const args: Expr[] = [];
  const cpu = (value: number): Expr => ({ kind: 'const', value: BigInt(value), type: IR_CPU, span });
  let from: number | undefined;
  const length = bits.toString(2).length;
  for (let i = 0; i <= length; i++) {
    const set = ((bits >> BigInt(i)) & 1n) === 1n;
    if (set) from ??= i;
    else if (from !== undefined) {
      args.push(cpu(from), cpu(i - 1));
      from = undefined;
    }
  }
  return { kind: 'intrinsic', name: 'mask-literal', args, type: IR_CPUMASK, span };
}
