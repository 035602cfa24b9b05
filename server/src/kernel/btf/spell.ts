import { intOf, KIND, typeById, type Btf, type RawType } from './btf.ts';
import { resolve, typeName } from './facts.ts';

/** Spelled out, the kernel's typedefs of integers are what a policy can compute with: `pid_t` is `s32`. */
export function spell(btf: Btf, id: number): string {
  const type = resolve(btf, id);
  if (type === undefined) return '?';
  switch (type.kind) {
    case KIND.int:
      return spellInt(btf, type);
    case KIND.ptr: {
      const target = resolve(btf, type.sizeOrType);
      // Of a pointer only the struct behind it matters; `const` is what a program may not write anyhow.
      if (target?.kind === KIND.struct && target.name !== '') return `struct ${target.name} *`;
      return target?.kind === KIND.funcProto ? 'function *' : typeName(btf, id);
    }
    case KIND.struct:
    case KIND.union:
      return type.name === '' ? nameOfTypedef(btf, id) : typeName(btf, type.id);
    default:
      return typeName(btf, type.id);
  }
}

function spellInt(btf: Btf, type: RawType): string {
  const { bits, signed, bool } = intOf(btf, type);
  if (bool) return 'bool';
  return [8, 16, 32, 64].includes(bits) ? `${signed ? 's' : 'u'}${bits}` : type.name;
}

/** A struct without a name goes by its typedef: `atomic_t`. */
function nameOfTypedef(btf: Btf, id: number): string {
  const type = typeById(btf, id);
  return type?.kind === KIND.typedef ? type.name : 'struct';
}
