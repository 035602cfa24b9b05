import type { Expr, FieldDef, FieldType, Instance, IrType } from '../../ir/ir.ts';
import type { Scope } from '../../semantics/model.ts';
import { cType } from './ctypes.ts';
import { MASK_WORDS } from './mask-words.ts';
import type { Unit } from './unit.ts';
import { fieldKey } from './walk.ts';

/** The fields that the policy keeps for a scope, on the side of the unit. */
export function stateFields(unit: Unit, scope: Scope): readonly FieldDef[] {
  return unit.program.states.find((state) => state.scope === scope && state.side === unit.side)?.fields ?? [];
}

export function stateField(unit: Unit, scope: Scope, name: string): FieldDef {
  const field = stateFields(unit, scope).find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`no field ${name} in the state of a ${scope}`);
  return field;
}

/** The C tag of the struct that holds the state of a scope. */
export const structOf = (scope: Scope): string => {
  if (scope === 'vcpu') return 'vcpu';
  return scope === 'global' ? 'policy_state' : `${scope}_state`;
};

/**
 * The C type in which a scalar is kept. Entities are kept by id, an optional CPU as its number plus one, so that
 * memory full of zeros means what the policy expects of it. BPF has atomic updates of 32 and 64 bits only.
 */
export function storedType(type: IrType, atomic: boolean): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 's' : 'u'}${atomic ? Math.max(32, type.bits) : type.bits}`;
    case 'task':
    case 'vcpu':
    case 'vm':
      return 'u32';
    case 'optional':
      return 'u32';
    default:
      return cType(type);
  }
}

export const isAtomic = (unit: Unit, instance: Pick<Instance, 'scope'>, field: string): boolean =>
  unit.atomic.has(fieldKey(instance, field));

/** The declaration of a field of state, without a semicolon. */
export function declareField(unit: Unit, scope: Scope, field: FieldDef): string {
  const name = unit.fields[scope].name(field.name);
  return layout(field.type, name, unit.atomic.has(`${scope}.${field.name}`));
}

function layout(type: FieldType, name: string, atomic: boolean): string {
  switch (type.kind) {
    case 'scalar':
      return type.type.kind === 'cpumask'
        ? `u64 ${name}[${MASK_WORDS}]`
        : `${storedType(type.type, atomic)} ${name}`;
    case 'ewma':
      return `struct pv_average ${name}`;
    case 'list':
      return `PV_LIST(${type.max}) ${name}`;
    case 'ring':
      return `PV_RING(${type.max}) ${name}`;
  }
}

/** Is the value of a policy's type a signed number? */
export const isSigned = (type: IrType): boolean => type.kind === 'int' && type.signed;

/** A name for the pointer to what belongs to the entity: `m_state`, `v_vm`. */
export function nameFor(entity: Expr | undefined, suffix: string): string {
  if (entity === undefined) return suffix;
  if (entity.kind === 'local') return `${entity.local.name}_${suffix}`;
  if (entity.kind !== 'intrinsic') return suffix;
  const [inner] = entity.args;
  if (inner === undefined) return `${entity.name.replaceAll('-', '_')}_${suffix}`;
  return nameFor(inner, suffix);
}

/** Bytes that a field of state takes at most. */
export function fieldBytes({ type }: FieldDef): number {
  switch (type.kind) {
    case 'scalar':
      return type.type.kind === 'cpumask' ? 8 * MASK_WORDS : 8;
    case 'ewma':
      return 16;
    case 'list':
      return 8 + 8 * type.max;
    case 'ring':
      return 16 + 8 * type.max;
  }
}
