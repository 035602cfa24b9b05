import type { Expr, Instance, IrType, Place } from '../../ir/ir.ts';
import { atom, fetchOnce, hoist, LEVEL, type Body, type C } from './body.ts';
import { cType, widthOf } from './ctypes.ts';
import { exprText, innerOf } from './expressions.ts';
import { kernelC } from './kernel-fields.ts';
import { ownerText, threadIds } from './owners.ts';
import { entityKey, isAtomic, nameFor, structOf } from './state.ts';
import { keepsByTid } from './state-maps.ts';
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

export function counterC(body: Body, expr: Expr & { kind: 'counter-value' }): C {
  const name = body.unit.fields.counter.name(expr.counter);
  const per = body.unit.program.counters.find((counter) => counter.name === expr.counter)?.per ?? 'global';
  body.unit.counterReads.add(expr.counter);
  body.unit.features.add(`stats ${per}`);
  if (per !== 'cpu') helper(body.unit, 'pv_for');
  return atom(`pv_read_${name}(${ownerText(body, per, expr.entity)})`, { bits: 64, signed: false });
}
