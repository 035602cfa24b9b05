import type { IrType } from '../../ir/ir.ts';

/** What C computes an expression in: an integer, a literal that fits everywhere, or no number. */
export type Width = { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean } | 'literal' | 'none';

const INT: Width = { bits: 32, signed: true };

/** The integer that C has a value of `type` in. */
export function widthOf(type: IrType): Width {
  switch (type.kind) {
    case 'int':
      return { bits: type.bits, signed: type.signed };
    case 'cpu':
    case 'bool':
      return INT;
    case 'vm':
      return { bits: 32, signed: false };
    case 'dsq':
      return { bits: 64, signed: false };
    default:
      return 'none';
  }
}

/** The C type of a local variable, parameter or result. Entities are pointers, a VM is its thread group's id. */
export function cType(type: IrType): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 's' : 'u'}${type.bits}`;
    case 'bool':
      return 'bool';
    case 'task':
      return 'struct task_struct *';
    case 'vcpu':
      return 'struct vcpu *';
    case 'vm':
      return 'u32';
    case 'cpu':
      return 's32';
    case 'cpumask':
      return 'const struct cpumask *';
    case 'dsq':
      return 'u64';
    case 'string':
      return 'struct pv_comm';
    case 'struct':
      return /^\w+$/.test(type.name) ? `struct ${type.name} *` : 'void *';
    case 'optional':
      return cType(type.inner);
    case 'void':
      return 'void';
    case 'tuple':
      throw new Error('a tuple has no C type of its own');
  }
}

/** A declaration of `name` in kernel style: the star stands at the name. */
export const declare = (type: string, name: string): string =>
  type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;

/** The type as headers that user space reads too spell it. */
export const sharedType = (type: IrType): string => {
  const spelled = cType(type);
  return /^[us]\d+$/.test(spelled) ? `__${spelled}` : spelled;
};

/** How an optional that is not there looks, and the test for one that is. */
export function absent(inner: IrType): string {
  if (inner.kind === 'cpu') return '-1';
  return inner.kind === 'vm' ? '0' : 'NULL';
}

const SECONDS: readonly (readonly [bigint, string])[] = [
  [1_000_000_000n, 'NSEC_PER_SEC'],
  [1_000_000n, 'NSEC_PER_MSEC'],
  [1_000n, 'NSEC_PER_USEC'],
];

/** A span of time as the kernel writes it: `500 * NSEC_PER_USEC`. `atom`: needs no parentheses. */
export function nanoseconds(value: bigint): { readonly text: string; readonly atom: boolean } {
  for (const [unit, name] of SECONDS) {
    if (value >= unit && value % unit === 0n && value / unit < 10_000n) {
      return value === unit ? { text: name, atom: true } : { text: `${value / unit} * ${name}`, atom: false };
    }
  }
  return { text: integer(value), atom: true };
}

/** An integer constant with the suffix that its size needs. */
export function integer(value: bigint): string {
  if (value === -(1n << 63n)) return '(-0x7fffffffffffffffLL - 1)';
  if (value >= 1n << 63n) return `0x${value.toString(16)}ULL`;
  if (value >= 1n << 31n || value < -(1n << 31n)) return `${value}LL`;
  return `${value}`;
}

/** Names of the scheduling policies as user space and the kernel write them. */
export const SCHED_CLASSES: ReadonlyMap<bigint, string> = new Map([
  [0n, 'SCHED_NORMAL'],
  [1n, 'SCHED_FIFO'],
  [2n, 'SCHED_RR'],
  [3n, 'SCHED_BATCH'],
  [5n, 'SCHED_IDLE'],
  [7n, 'SCHED_EXT'],
]);
