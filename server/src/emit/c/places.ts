import type { Expr, Instance, IrType, Place } from '../../ir/ir.ts';
import { atom, fetchOnce, hoist, LEVEL, type Body, type C } from './body.ts';
import { cType, widthOf, type Width } from './ctypes.ts';
import { exprC, exprText, innerOf } from './expressions.ts';
import { fieldType, structOf as targetOf } from './kernel-structs.ts';
import { keepsByTid } from './state-maps.ts';
import { entityKey, isAtomic, isSigned, nameFor, stateField, structOf } from './state.ts';
import { taskC } from './tasks.ts';
import { helper } from './unit.ts';

/**
 * C for the struct that holds the state of an instance, up to its `->` or `.`: a vCPU is its own struct, others are
 * fetched once a block.
 */
export function instanceC(body: Body, instance: Instance): string {
  const { unit } = body;
  const { scope, entity } = instance;
  unit.features.add(`state ${scope}`);
  switch (scope) {
    case 'global':
      return 'state.';
    case 'vcpu':
      unit.features.add('vcpus');
      return `${exprText(body, required(entity))}->`;
    case 'vm':
    case 'cpu':
      return `${fetch(body, scope, entity, scope === 'vm' && entity?.kind !== 'local' ? '' : 'state')}->`;
    case 'task':
      return `${fetch(body, scope, entity, 'state')}->`;
  }
}

function fetch(body: Body, scope: 'vm' | 'cpu' | 'task', entity: Expr | undefined, suffix: string): string {
  const owner = required(entity);
  const text = scope === 'task' ? taskKey(body, owner) : exprText(body, owner);
  const tag = structOf(scope);
  const name = suffix === '' ? nameFor(vcpuOf(owner), 'vm') : nameFor(owner, suffix);
  return fetchOnce(
    body,
    `${scope} ${entityKey(owner)}`,
    owner,
    name,
    (variable) => `struct ${tag} *${variable} = pv_${tag}(${text});`,
  );
}

/** What the state of a thread is kept by: the thread, or its id. */
const taskKey = (body: Body, task: Expr): string =>
  keepsByTid(body.unit) ? threadIds(body, task).tid : taskC(body, task).text;

/** `v.vm` belongs to v. */
const vcpuOf = (vm: Expr): Expr | undefined =>
  vm.kind === 'intrinsic' && vm.name === 'vcpu-vm' ? vm.args[0] : vm;

const required = (entity: Expr | undefined): Expr => {
  if (entity === undefined) throw new Error('state of no entity');
  return entity;
};

/** C for a place, to read or to write, as it is kept. */
export function placeC(body: Body, place: Place): string {
  const { unit } = body;
  switch (place.kind) {
    case 'state':
      return `${instanceC(body, place.instance)}${unit.fields[place.instance.scope].name(place.field)}`;
    case 'hint':
      unit.features.add('hint');
      return `${fetchOnce(body, 'hint', undefined, 'page', (page) => `struct hint *${page} = pv_own_hint();`)}->${unit.fields.hint.name(place.field)}`;
    case 'feedback':
      return `${feedbackC(body, place.vcpu)}->${unit.fields.feedback.name(place.field)}`;
    case 'kernel':
      return kernelC(body, place.object, place.path).text;
    case 'tunable':
      return unit.globals.name(place.name);
  }
}

function feedbackC(body: Body, vcpu: Expr | undefined): string {
  body.unit.features.add('feedback');
  if (vcpu === undefined) {
    const own = (page: string): string => `const struct feedback *${page} = pv_own_feedback();`;
    return fetchOnce(body, 'feedback', undefined, 'feedback_page', own);
  }
  const text = exprText(body, vcpu);
  const page = (name: string): string => `struct feedback *${name} = pv_feedback(${text}->tid);`;
  return fetchOnce(body, `feedback ${entityKey(vcpu)}`, vcpu, nameFor(vcpu, 'feedback'), page);
}

/** C for the value of a place. */
export function loadC(body: Body, place: Place): C {
  if (place.kind === 'kernel') return kernelC(body, place.object, place.path);
  const text = placeC(body, place);
  if (place.kind === 'feedback' || place.kind === 'hint') return untrusted(text, place.type);
  if (place.kind !== 'state') return atom(text, widthOf(place.type));
  return stored(body, text, place.type, isAtomic(body.unit, place.instance, place.field));
}

/** The value of a type from what is kept of it (`storedType`). */
export function stored(body: Body, text: string, type: IrType, atomic: boolean): C {
  const { unit } = body;
  const inner = innerOf(type);
  switch (inner.kind) {
    case 'vcpu':
      unit.features.add('vcpu-by-tid');
      return atom(`pv_vcpu_by_tid(${text})`, 'none');
    case 'task': {
      helper(unit, 'pv_put_task');
      unit.kfuncs.add('bpf_task_from_pid');
      const from = (name: string): string =>
        `struct task_struct *${name} pv_auto(task) = bpf_task_from_pid(${text});`;
      const name = hoist(body, 'task', from);
      return atom(name, 'none', [name]);
    }
    case 'cpu':
      if (type.kind !== 'optional') break;
      return { text: `(s32)${text} - 1`, level: LEVEL.add, width: widthOf(inner) };
    case 'int':
      // Kept wider than it is, because BPF has no narrower atomics.
      if (atomic && inner.bits < 32)
        return { text: `(${cType(inner)})${text}`, level: LEVEL.unary, width: widthOf(inner) };
      break;
    default:
      break;
  }
  return atom(text, widthOf(inner));
}

/** What a guest wrote: a bool can be any byte. */
const untrusted = (text: string, type: IrType): C =>
  type.kind === 'bool'
    ? { text: `${text} != 0`, level: LEVEL.equality, width: widthOf(type), truth: text }
    : atom(text, widthOf(type));

export function hintC(body: Body, expr: Expr & { kind: 'load-hint' }): C {
  const { unit } = body;
  unit.features.add('hint');
  const vcpu = exprText(body, expr.vcpu);
  const page = fetchOnce(
    body,
    `hint ${entityKey(expr.vcpu)}`,
    expr.vcpu,
    nameFor(expr.vcpu, 'hint'),
    (name) => `const struct hint *${name} = pv_hint(${vcpu}->tid);`,
  );
  return untrusted(`${page}->${unit.fields.hint.name(expr.field)}`, expr.type);
}

/** A field of a kernel struct: read directly, CO-RE finds where it is. */
export function kernelC(body: Body, object: Expr, path: readonly string[]): C {
  const { unit } = body;
  const struct = structName(object.type);
  const type = unit.structs.use(struct, path);
  const root =
    object.type.kind === 'task' || object.type.kind === 'vcpu' ? taskC(body, object) : exprC(body, object);
  const text = `${root.text}->${links(struct, path)}`;
  const width = kernelWidth(type);
  const [guard] = root.guards ?? [];
  if (guard === undefined) return atom(text, width);
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
function links(struct: string, [field = '', ...rest]: readonly string[]): string {
  if (rest.length === 0) return field;
  const type = fieldType(struct, field);
  return `${field}${type.endsWith('*') ? '->' : '.'}${links(targetOf(type) ?? '', rest)}`;
}

const WIDTHS: Readonly<Record<string, Width>> = {
  u8: { bits: 8, signed: false },
  'unsigned char': { bits: 8, signed: false },
  'unsigned short': { bits: 16, signed: false },
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

export function counterC(body: Body, expr: Expr & { kind: 'counter-value' }): C {
  const name = body.unit.fields.counter.name(expr.counter);
  const per = body.unit.program.counters.find((counter) => counter.name === expr.counter)?.per ?? 'global';
  body.unit.counterReads.add(expr.counter);
  body.unit.features.add(`stats ${per}`);
  if (per !== 'cpu') helper(body.unit, 'pv_for');
  return atom(`pv_read_${name}(${ownerText(body, per, expr.entity)})`, { bits: 64, signed: false });
}

/** The key under which what is counted per entity is kept: an id, nothing for global ones. */
export function ownerText(body: Body, per: Instance['scope'], entity: Expr | undefined): string {
  if (entity === undefined || per === 'global') return '';
  switch (per) {
    case 'vcpu':
      return `${exprText(body, entity)}->tid`;
    case 'task':
      return threadIds(body, entity).tid;
    case 'vm':
    case 'cpu':
      return exprText(body, entity);
  }
}

/** Ids of the thread that a task or vCPU is. */
export function threadIds(body: Body, entity: Expr): { readonly tid: string; readonly tgid: string } {
  const vcpu = entity.kind === 'intrinsic' && entity.name === 'vcpu-task' ? entity.args[0] : undefined;
  if (vcpu ?? entity.type.kind === 'vcpu') {
    const text = exprText(body, vcpu ?? entity);
    return { tid: `${text}->tid`, tgid: `${text}->tgid` };
  }
  const task = taskC(body, entity);
  body.unit.structs.use('task_struct', ['pid']);
  body.unit.structs.use('task_struct', ['tgid']);
  const [guard] = task.guards ?? [];
  const field = (name: string): string =>
    guard === undefined ? `${task.text}->${name}` : `(${guard} ? ${task.text}->${name} : 0)`;
  return { tid: field('pid'), tgid: field('tgid') };
}

/** Reads of lists, rings and averages. */
export function collectionC(body: Body, expr: Expr & { kind: 'collection' }): C {
  const { unit } = body;
  const { instance, op } = expr;
  const { type } = stateField(unit, instance.scope, expr.field);
  const field = `${instanceC(body, instance)}${unit.fields[instance.scope].name(expr.field)}`;
  if (type.kind === 'scalar') throw new Error(`${expr.field} is no collection`);
  const signed = isSigned(type.type);
  const number = (text: string): C => element(body, text, type.type);
  switch (op) {
    case 'value':
      return number(`${field}.value`);
    case 'len':
      return atom(`${field}.len`, { bits: 32, signed: false });
    case 'at': {
      const at = helper(unit, type.kind === 'ring' ? 'pv_ring_at' : 'pv_list_at');
      return number(`${at}(&${field}, ${exprText(body, required(expr.arg))})`);
    }
    case 'contains': {
      const value = elementText(body, required(expr.arg));
      return atom(`${helper(unit, 'pv_list_has')}(&${field}, ${value})`, widthOf({ kind: 'bool' }));
    }
    case 'sum':
      return number(`${helper(unit, 'pv_ring_sum')}(&${field})`);
    case 'avg': {
      const divide = helper(unit, signed ? 'pv_sdiv' : 'pv_div');
      return number(`${divide}(${helper(unit, 'pv_ring_sum')}(&${field}), ${field}.len)`);
    }
    case 'max':
      return number(`${helper(unit, signed ? 'pv_ring_smax' : 'pv_ring_max')}(&${field})`);
  }
}

/** The value of an element from its 64 bits. CPUs are kept plus one: 0 is none. */
export function element(body: Body, text: string, type: IrType): C {
  if (innerOf(type).kind === 'cpu')
    return stored(body, text, { kind: 'optional', inner: innerOf(type) }, false);
  if (type.kind !== 'int') return stored(body, text, type, false);
  if (type.bits === 64 && !type.signed) return atom(text, widthOf(type));
  return { text: `(${cType(type)})${text}`, level: LEVEL.unary, width: widthOf(type) };
}

/** The 64 bits that are kept of an element: entities by id, CPUs plus one. */
export function elementText(body: Body, value: Expr): string {
  return value.type.kind === 'cpu' ? `${exprText(body, value)} + 1` : storedText(body, value);
}

/** What is kept of a value (`storedType`). */
export function storedText(body: Body, value: Expr): string {
  const inner = innerOf(value.type);
  if (value.kind === 'none') return '0';
  const plain = value.kind === 'some' ? value.operand : value;
  if (inner.kind === 'task' || inner.kind === 'vcpu') {
    if (value.type.kind === 'optional' && value.kind !== 'some') return optionalId(body, plain);
    return threadIds(body, plain).tid;
  }
  if (inner.kind === 'cpu' && value.type.kind === 'optional') return `${exprC(body, plain).text} + 1`;
  return exprText(body, plain);
}

/** The thread id behind an optional, 0 for none. */
function optionalId(body: Body, value: Expr): string {
  const c = exprC(body, value);
  const field = innerOf(value.type).kind === 'vcpu' ? 'tid' : 'pid';
  if (field === 'pid') body.unit.structs.use('task_struct', ['pid']);
  const name = hoist(body, 'other', (variable) => `${cType(innerOf(value.type))}${variable} = ${c.text};`);
  return `${name} ? ${name}->${field} : 0`;
}
