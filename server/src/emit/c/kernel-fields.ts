import type { Expr, IrType } from '../../ir/ir.ts';
import { atom, LEVEL, type Body, type C } from './body.ts';
import type { Width } from './ctypes.ts';
import { exprC } from './expressions.ts';
import { structOf, type KernelStructs } from './kernel-structs.ts';
import { taskC } from './tasks.ts';

/** A field of a kernel struct: read directly, CO-RE finds where it is. */
export function kernelC(body: Body, object: Expr, path: readonly string[]): C {
  const { unit } = body;
  const struct = structName(object.type);
  const type = unit.structs.use(struct, path);
  const root =
    object.type.kind === 'task' || object.type.kind === 'vcpu' ? taskC(body, object) : exprC(body, object);
  const text = `${root.text}->${links(unit.structs, struct, path)}`;
  const width = kernelWidth(type);
  const [guard] = root.guards ?? [];
  if (guard === undefined) return atom(text, width);
  // Calls that take a mask take no NULL: whoever uses it tests the task.
  if (type.includes('struct cpumask')) return { ...atom(text, width), guards: [guard] };
  return {
    text: `${guard} ? ${text} : ${type.endsWith('*') ? 'NULL' : '0'}`,
    level: LEVEL.conditional,
    width,
  };
}

function structName(type: IrType): string {
  if (type.kind === 'task' || type.kind === 'vcpu') return 'task_struct';
  if (type.kind === 'struct') return type.name;
  if (type.kind === 'optional') return structName(type.inner);
  throw new Error(`a ${type.kind} has no kernel fields`);
}

/** `scx.slice`, or `mm->users` where the first is a pointer. */
function links(structs: KernelStructs, struct: string, [field = '', ...rest]: readonly string[]): string {
  if (rest.length === 0) return field;
  const type = structs.typeOf(struct, field);
  return `${field}${type.endsWith('*') ? '->' : '.'}${links(structs, structOf(type) ?? '', rest)}`;
}

const WIDTHS: Readonly<Record<string, Width>> = {
  u8: { bits: 8, signed: false },
  'unsigned char': { bits: 8, signed: false },
  'unsigned short': { bits: 16, signed: false },
  s8: { bits: 8, signed: true },
  u16: { bits: 16, signed: false },
  s16: { bits: 16, signed: true },
  u32: { bits: 32, signed: false },
  'unsigned int': { bits: 32, signed: false },
  s32: { bits: 32, signed: true },
  int: { bits: 32, signed: true },
  bool: { bits: 32, signed: true },
  u64: { bits: 64, signed: false },
  'unsigned long': { bits: 64, signed: false },
  s64: { bits: 64, signed: true },
};

const kernelWidth = (type: string): Width =>
  /^enum /.test(type) ? { bits: 32, signed: false } : (WIDTHS[type] ?? 'none');
