import { GLOBAL_ENTITY, type Site, type Value } from '../emit/executor/host.ts';
import type { Machine } from '../emit/executor/machine.ts';
import { cellValue, type Store } from '../emit/executor/store.ts';
import { ACTIONS } from '../semantics/actions.ts';
import type { CallInfo } from '../semantics/kernel-view.ts';
import type { Scope } from '../semantics/model.ts';
import type { Type } from '../semantics/types.ts';
import type { KeptValues } from './kept-values.ts';
import { decisionsOf, SHOWN_SCOPES, type AddState, type Asked } from './recorder.ts';
import type { World } from './world.ts';

/** Where the state that decisions show is found: set once the policy is compiled. */
export interface Inspection {
  machine: Machine | undefined;
}

/** A function that remembers that the policy asks at `site` for the action `name`. */
export function actionRecorder(
  world: World,
  inspection: Inspection,
  name: string,
  deferred: boolean,
  site: Site,
): (args: readonly Value[]) => void {
  const params = ACTIONS.find((action) => action.name === name)?.params ?? [];
  const what: Asked = { action: name, deferred, start: site.span.start, params };
  return decisionsOf(world.recorder, world.moment, what, stateAdder(world, inspection, params[0]?.type));
}

/**
 * A function that remembers a call at `site` that changes something in the kernel, with its answer where that is yes
 * or no.
 */
export function callRecorder(
  world: World,
  call: CallInfo,
  site: Site,
): (args: readonly Value[], result: Value) => void {
  const given = call.params.filter((param) => !param.out);
  const answers = call.result.kind === 'bool';
  const params = answers ? [...given, { name: 'result', type: call.result }] : given;
  const what: Asked = { action: call.name, deferred: false, start: site.span.start, params };
  return decisionsOf(world.recorder, world.moment, what, () => 0, answers);
}

/** A function that remembers which CPU the policy chose for a thread. */
export function choiceRecorder(world: World): (tid: number, cpu: number) => void {
  const params: Asked['params'] = [
    { name: 'p', type: { kind: 'task' } },
    { name: 'cpu', type: { kind: 'cpu' } },
  ];
  const what: Asked = { action: 'select_cpu', deferred: false, start: -1, params };
  const remember = decisionsOf(world.recorder, world.moment, what, () => 0);
  return (tid, cpu) => remember([tid, cpu]);
}

/** Adds the state that is kept of what an action of this type is about, of its VM, and globally. */
function stateAdder({ machines }: World, inspection: Inspection, type: Type | undefined): AddState {
  const itself = (id: number): number => id;
  const nothing = (): undefined => undefined;
  const thread = isThread(type) ? itself : nothing;
  const entities: Readonly<Record<Scope, (id: number) => number | undefined>> = {
    global: () => GLOBAL_ENTITY,
    vm: type?.kind === 'vm' ? itself : isThread(type) ? (tid) => machines.vmOf.get(tid) : nothing,
    task: thread,
    vcpu: thread,
    cpu: type?.kind === 'cpu' ? itself : nothing,
  };
  let kept: {
    readonly bit: number;
    readonly store: Store;
    readonly entity: (id: number) => number | undefined;
  }[];
  return (values, about) => {
    const { machine } = inspection;
    if (!machine) return 0;
    kept ??= SHOWN_SCOPES.flatMap((scope, i) => {
      const store = machine.stores.get(scope);
      return store ? [{ bit: 1 << i, store, entity: entities[scope] }] : [];
    });
    const id = Number(about);
    let scopes = 0;
    for (let i = 0; i < kept.length; i++) {
      const { bit, store, entity } = kept[i]!;
      if (addRow(values, store, entity(id))) scopes |= bit;
    }
    return scopes;
  };
}

/** Is a target of this type known by the id of a thread? */
export const isThread = (type: Type | undefined): boolean =>
  type?.kind !== 'vm' && type?.kind !== 'cpu' && type?.kind !== 'string' && type?.kind !== 'dsq';

/** Adds the fields of `entity`; false: nothing is kept of it. */
function addRow(values: KeptValues, store: Store, entity: number | undefined): boolean {
  const row = entity === undefined ? undefined : store.rows.get(entity);
  if (row === undefined) return false;
  const { columns } = store;
  for (let i = 0; i < columns.length; i++) values.push(cellValue(columns[i]![row]));
  return true;
}
