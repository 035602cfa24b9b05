import type { FieldDef, IrType } from './ir.ts';

/** A type as text: `u32`, `duration`, `s64 Color`, `task?`. */
export function showType(type: IrType): string {
  switch (type.kind) {
    case 'int': {
      const { unit } = type;
      const width = `${type.signed ? 's' : 'u'}${type.bits}`;
      if (unit === 'plain') return width;
      if (typeof unit === 'string') return type.bits === 64 ? unit : `${unit}:${width}`;
      return 'enum' in unit ? unit.enum : unit.flags;
    }
    case 'optional':
      return `${showType(type.inner)}?`;
    case 'tuple':
      return `(${type.items.map(showType).join(', ')})`;
    case 'struct':
      return `struct ${type.name}`;
    default:
      return type.kind;
  }
}

/** A constant as text: the number, with the type where it is not a plain 64-bit number. */
export function showConst(value: bigint | boolean | string, type: IrType): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (
    typeof value === 'boolean' ||
    (type.kind === 'int' && type.bits === 64 && !type.signed && type.unit === 'plain')
  ) {
    return String(value);
  }
  return `${value}:${showType(type)}`;
}

/** A field of state as text. */
export function showField(field: FieldDef): string {
  const { type } = field;
  switch (type.kind) {
    case 'scalar':
      return `${field.name}: ${showType(type.type)}`;
    case 'ewma':
      return `${field.name}: ewma(${type.alpha}/1024) of ${showType(type.type)}`;
    case 'list':
    case 'ring':
      return `${field.name}: ${type.kind} of ${showType(type.type)} max ${type.max}`;
  }
}
