import type { Value } from './model.ts';
import type { Type } from './types.ts';

const UNITS: readonly (readonly [string, bigint])[] = [
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['us', 1_000n],
];

/** A compile-time value as the user writes it: 500us, 25%, true. */
export function showValue(value: Value, type: Type): string {
  if (typeof value !== 'bigint') return typeof value === 'string' ? `"${value}"` : `${value}`;
  switch (type.kind) {
    case 'duration': {
      const unit = value === 0n ? undefined : UNITS.find(([, ns]) => value % ns === 0n);
      return unit === undefined ? `${value}ns` : `${value / unit[1]}${unit[0]}`;
    }
    case 'ratio':
      return `${Number(((Number(value) * 100) / 1024).toFixed(2))}%`;
    default:
      return `${value}`;
  }
}
