import type { Expr, Instance, IrType, Place } from '../../ir/ir.ts';
import { atom, fetchOnce, hoist, LEVEL, type Body, type C } from './body.ts';
import { cType, widthOf } from './ctypes.ts';
import { exprText, innerOf } from './expressions.ts';
import { kernelC } from './kernel-fields.ts';
import { hintKey, lookUp } from './lookups.ts';
import { ownerText, threadIds } from './owners.ts';
import { isAtomic, nameFor, structOf } from './state.ts';
import { keepsByTid } from './state-maps.ts';
import { taskC } from './tasks.ts';
import { helper } from './unit.ts';
import { entityKey, instanceKey } from './walk.ts';

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
    case 'task':
      return `${fetch(body, scope, entity, 'any')}->`;
  }
}

/**
 * The variable that points to the state. `way`: `any` is never NULL; `find` and `make` are where there is no state yet, and
 * where there is no room for it.
 */
function fetch(
  body: Body,
  scope: 'vm' | 'cpu' | 'task',
  entity: Expr | undefined,
  way: 'any' | 'find' | 'make',
): string {
  const owner = required(entity);
  const text = scope === 'task' ? taskKey(body, owner) : exprText(body, owner);
  const tag = structOf(scope);
  const name =
    scope === 'vm' && owner.kind !== 'local' ? nameFor(vcpuOf(owner), 'vm') : nameFor(owner, 'state');
  body.unit.features.add(`${way} ${scope}`);
  const accessor = way === 'any' ? `pv_${tag}` : `pv_${way}_${tag}`;
  return fetchOnce(
    body,
    instanceKey({ scope, entity: owner }),
    owner,
    name,
    (variable) => `struct ${tag} *${variable} = ${accessor}(${text});`,
  );
}

/** What the state of a thread is kept by: the thread, or its id. */
function taskKey(body: Body, task: Expr): string {
  if (keepsByTid(body.unit)) return threadIds(body, task).tid;
  const c = taskC(body, task);
  if (c.guards !== undefined) body.unit.features.add('state of no task');
  return c.text;
}

/**
 * A pointer for the only place at which the body names what is kept of a thread or VM, NULL where there is nothing: to go
 * on with a spare instance the verifier would have to walk all that follows once more, for that. undefined elsewhere.
 */
export function lonePointer(
  body: Body,
  { instance }: Place & { kind: 'state' },
  way: 'find' | 'make',
): string | undefined {
  const { scope, entity } = instance;
  if (scope !== 'task' && scope !== 'vm') return undefined;
  if (body.uses.get(instanceKey(instance)) !== 1) return undefined;
  body.unit.features.add(`state ${scope}`);
  return fetch(body, scope, entity, way);
}

/** `v.vm` belongs to v. */
const vcpuOf = (vm: Expr): Expr | undefined =>
  vm.kind === 'intrinsic' && vm.name === 'vcpu-vm' ? vm.args[0] : vm;

const required = (entity: Expr | undefined): Expr => {
  if (entity === undefined) throw new Error('state of no entity');
  return entity;
};

const OWN_HINT = { type: 'struct hint', name: 'page', call: 'pv_own_hint()' };

/** C for a place, to read or to write, as it is kept. */
export function placeC(body: Body, place: Place): string {
  const { unit } = body;
  switch (place.kind) {
    case 'state':
      return `${instanceC(body, place.instance)}${unit.fields[place.instance.scope].name(place.field)}`;
    case 'hint':
      unit.features.add('hint');
      return `${body.page ?? lookUp(body, hintKey(undefined), undefined, OWN_HINT)}->${unit.fields.hint.name(place.field)}`;
    case 'feedback':
      return `${openPage(body, place.vcpu)}${unit.fields.feedback.name(place.field)}`;
    case 'kernel':
      return kernelC(body, place.object, place.path).text;
    case 'tunable':
      return unit.globals.name(place.name);
  }
}

/**
 * The page that the host is about to change, or the guest's copy of its own, up to its `->` or `.`: of the span that the block or
 * one around it has, else of one that begins here.
 */
export function openPage(body: Body, vcpu: Expr | undefined): string {
  body.unit.features.add('feedback');
  if (vcpu === undefined) {
    const copy = (page: string): string => `struct feedback ${page} = pv_own_feedback();`;
    return `${fetchOnce(body, 'feedback', undefined, 'feedback_page', copy)}.`;
  }
  body.unit.features.add('writes feedback');
  const tid = `${exprText(body, vcpu)}->tid`;
  const page = (name: string): string =>
    `struct feedback *${name} pv_auto(feedback) = pv_begin_feedback(${tid});`;
  return `${fetchOnce(body, `feedback ${entityKey(vcpu)}`, vcpu, nameFor(vcpu, 'feedback'), page)}->`;
}

/** The page that the host only reads. */
function readPage(body: Body, vcpu: Expr): string {
  const key = `feedback ${entityKey(vcpu)}`;
  if (body.blocks.some(({ fetched }) => fetched.has(key))) return openPage(body, vcpu);
  body.unit.features.add('feedback').add('reads feedback');
  const tid = `${exprText(body, vcpu)}->tid`;
  const page = (name: string): string => `const struct feedback *${name} = pv_feedback(${tid});`;
  return `${fetchOnce(body, `read ${key}`, vcpu, nameFor(vcpu, 'feedback'), page)}->`;
}

/** C for the value of a place. */
export function loadC(body: Body, place: Place): C {
  if (place.kind === 'kernel') return kernelC(body, place.object, place.path);
  if (place.kind === 'state') {
    const lone = lonePointer(body, place, 'find');
    if (lone !== undefined) return loneC(body, place, lone);
  }
  if (place.kind === 'feedback' && place.vcpu)
    return untrusted(
      body,
      `${readPage(body, place.vcpu)}${body.unit.fields.feedback.name(place.field)}`,
      place,
    );
  const text = placeC(body, place);
  if (place.kind === 'feedback' || place.kind === 'hint') return untrusted(body, text, place);
  if (place.kind !== 'state') return atom(text, widthOf(place.type));
  return stored(body, text, place.type, isAtomic(body.unit, place.instance, place.field));
}

/** The value of a place, 0 where nothing is kept yet. */
function loneC(body: Body, place: Place & { kind: 'state' }, pointer: string): C {
  const { scope } = place.instance;
  const text = `${pointer} ? ${pointer}->${body.unit.fields[scope].name(place.field)} : 0`;
  const value = stored(body, `(${text})`, place.type, isAtomic(body.unit, place.instance, place.field));
  return value.text === `(${text})` ? { ...value, text, level: LEVEL.conditional } : value;
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
      return narrowed(text, inner, atomic);
    default:
      break;
  }
  return atom(text, widthOf(inner));
}

/** A number that is kept wider than it is where it is changed in one step, because BPF has no narrower atomics. */
const narrowed = (text: string, type: IrType & { kind: 'int' }, atomic: boolean): C =>
  atomic && type.bits < 32
    ? { text: `(${cType(type)})${text}`, level: LEVEL.unary, width: widthOf(type) }
    : atom(text, widthOf(type));

/** A field of a page. What a guest wrote may be anything: a bool can be any byte. */
function untrusted({ unit }: Body, text: string, page: PageField): C {
  const { kind, field, type } = page;
  if (type.kind === 'bool')
    return { text: `${text} != 0`, level: LEVEL.equality, width: widthOf(type), truth: text };
  return type.kind === 'int'
    ? narrowed(text, type, unit.atomic.has(`${kind}.${field}`))
    : atom(text, widthOf(type));
}

interface PageField {
  readonly kind: 'hint' | 'feedback';
  readonly field: string;
  readonly type: IrType;
}

export function hintC(body: Body, expr: Expr & { kind: 'load-hint' }): C {
  const { unit } = body;
  unit.features.add('hint');
  const vcpu = exprText(body, expr.vcpu);
  const page = lookUp(body, hintKey(expr.vcpu), expr.vcpu, {
    type: 'const struct hint',
    name: nameFor(expr.vcpu, 'hint'),
    call: `pv_hint(${vcpu}->tid)`,
  });
  const text = `${page}->${unit.fields.hint.name(expr.field)}`;
  return untrusted(body, text, { kind: 'hint', field: expr.field, type: expr.type });
}

export function counterC(body: Body, expr: Expr & { kind: 'counter-value' }): C {
  const name = body.unit.fields.counter.name(expr.counter);
  const per = body.unit.program.counters.find((counter) => counter.name === expr.counter)?.per ?? 'global';
  body.unit.counterReads.add(expr.counter);
  body.unit.features.add(`stats ${per}`);
  if (per !== 'cpu') helper(body.unit, 'pv_for');
  return atom(`pv_read_${name}(${ownerText(body, per, expr.entity)})`, { bits: 64, signed: false });
}
