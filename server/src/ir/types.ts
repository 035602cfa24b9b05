import type { Type } from '../semantics/types.ts';
import type { IrType, Unit } from './ir.ts';

const int = (bits: 8 | 16 | 32 | 64, signed: boolean, unit: Unit = 'plain'): IrType => ({
  kind: 'int',
  bits,
  signed,
  unit,
});

export const IR_BOOL: IrType = { kind: 'bool' };
export const IR_U32 = int(32, false);
export const IR_U64 = int(64, false);
export const IR_S64 = int(64, true);
export const IR_DURATION = int(64, false, 'duration');
export const IR_INSTANT = int(64, false, 'instant');
export const IR_TASK: IrType = { kind: 'task' };
export const IR_VCPU: IrType = { kind: 'vcpu' };
export const IR_VM: IrType = { kind: 'vm' };
export const IR_CPU: IrType = { kind: 'cpu' };
export const IR_CPUMASK: IrType = { kind: 'cpumask' };
export const IR_STRING: IrType = { kind: 'string' };
export const IR_VOID: IrType = { kind: 'void' };

/**
 * How a type of the language is kept at run time. Collections have no value of their own and throw: they exist only
 * as fields of state.
 */
export function irType(type: Type): IrType {
  switch (type.kind) {
    case 'int':
      return int(type.bits, type.signed);
    case 'duration':
    case 'instant':
    case 'vtime':
    case 'ratio':
      return int(64, false, type.kind);
    case 'nice':
      return int(32, true, 'nice');
    case 'rt_prio':
    case 'weight':
    case 'sched_class':
      return int(32, false, type.kind);
    case 'enum':
      return int(64, true, { enum: type.name });
    case 'flags':
      return int(64, false, { flags: type.group });
    case 'struct':
      return { kind: 'struct', name: type.name };
    case 'optional':
      return { kind: 'optional', inner: irType(type.inner) };
    case 'tuple':
      return { kind: 'tuple', items: type.items.map(irType) };
    case 'ewma':
      return irType(type.of);
    case 'bool':
    case 'cpu':
    case 'cpumask':
    case 'task':
    case 'vcpu':
    case 'vm':
    case 'dsq':
    case 'string':
    case 'void':
      return { kind: type.kind };
    case 'list':
    case 'ring':
    case 'shared':
    case 'histogram':
    case 'map':
    case 'range':
    case 'sequence':
    case 'none':
    case 'error':
      throw new Error(`a value of type ${type.kind} has no form at run time`);
  }
}

/** The 64-bit type in which arithmetic on `type` happens, with its unit. */
export function wide(type: IrType): IrType & { kind: 'int' } {
  if (type.kind !== 'int') return { kind: 'int', bits: 64, signed: false, unit: 'plain' };
  return { ...type, bits: 64 };
}

/** Do two types hold the same values with the same meaning? */
export function sameType(a: IrType, b: IrType): boolean {
  if (a.kind === 'int' && b.kind === 'int') {
    return a.bits === b.bits && a.signed === b.signed && sameUnit(a.unit, b.unit);
  }
  if (a.kind === 'optional' && b.kind === 'optional') return sameType(a.inner, b.inner);
  if (a.kind === 'struct' && b.kind === 'struct') return a.name === b.name;
  return a.kind === b.kind;
}

function sameUnit(a: Unit, b: Unit): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `value` as a number of `type`: wrapped to its width and signedness. */
export function wrap(value: bigint, type: IrType): bigint {
  if (type.kind !== 'int') return value;
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}
