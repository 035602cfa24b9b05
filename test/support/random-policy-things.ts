import type { Choices } from './random-choices.ts';
import type { Scalar, Scope, Sub } from './random-policy-expressions.ts';

/** What is no number: entities, CPUs, and sets of CPUs. */
export const THINGS = ['task', 'cpu', 'cpumask', 'vcpu', 'vm'] as const;
export type ThingType = (typeof THINGS)[number];

/** A name that stands for a thing, or an expression that is as good. */
export interface Thing {
  readonly text: string;
  readonly type: ThingType;
}

/** A table that the operator fills. */
export interface Table {
  readonly name: string;
  readonly key: 'vm' | 'task' | 'cpu' | 'string';
  readonly type: Scalar;
}

/** Names that threads have, some that differ in what is cut off, and some that none can have. */
export const NAMES = [
  'first', 'fifteen_letters', 'zwölf', 'fifteen_letter', 'fifteen_letters!', 'fifteen_letters and more', '',
  'firs', 'zwölfzwölfzwölf', 'zwölf zwölf zwölf', 'FIRST',
] as const; // prettier-ignore

/** The entities and CPUs of `type` that can be named here, the simplest first. */
export function namedThings(scope: Scope, type: ThingType): readonly string[] {
  const own = scope.things.filter((thing) => thing.type === type).map(({ text }) => text);
  const vcpus = scope.things.filter((thing) => thing.type === 'vcpu').map(({ text }) => text);
  switch (type) {
    case 'task':
      return ['current()', ...own, ...vcpus.map((v) => `${v}.task`)];
    case 'cpu':
      return ['this_cpu()', ...own];
    case 'vm':
      return [...own, ...vcpus.map((v) => `${v}.vm`)];
    case 'vcpu':
    case 'cpumask':
      return own;
  }
}

/** A set of CPUs. */
export function mask(c: Choices, scope: Scope, depth: number, bool?: () => string): string {
  const masks = [...namedThings(scope, 'cpumask'), ...(scope.masks ?? [])];
  if (depth <= 0 || c.flip()) {
    const leaves: (() => string)[] = [
      () => `cpus(${c.pick(['0', '1', '0..1', '2..5', '0, 2..70', '300'])})`,
      () => `${c.pick(namedThings(scope, 'task'))}.cpus_ptr`,
      () => `cpus(${c.pick(namedThings(scope, 'cpu'))})`,
    ];
    if (masks.length > 0) leaves.push(() => c.pick(masks));
    return c.pick(leaves)();
  }
  const part = (): string => mask(c, scope, depth - 1, bool);
  const ways = [
    () => `(${part()} ${c.pick(['&', '|', '^'])} ${part()})`,
    () => `(~${part()})`,
    ...(bool ? [() => `(${bool()} ? ${part()} : ${part()})`] : []),
  ];
  return c.pick(ways)();
}

/** An argument of that type; undefined where there is none. */
export function thing(c: Choices, scope: Scope, type: ThingType): string | undefined {
  if (type === 'cpumask') return mask(c, scope, 1);
  const names = namedThings(scope, type);
  return names.length > 0 ? c.pick(names) : undefined;
}

/** What can be asked about things, where a number of `type` is wanted. */
export function questions(c: Choices, scope: Scope, type: Scalar, e: Sub): (() => string)[] {
  const task = (): string => c.pick(namedThings(scope, 'task'));
  const cpu = (): string => c.pick(namedThings(scope, 'cpu'));
  const set = (): string => mask(c, scope, 2, () => e('bool'));
  const vcpus = namedThings(scope, 'vcpu');
  const vms = namedThings(scope, 'vm');
  const looked = scope.tables
    .filter((table) => table.type === type && (table.key !== 'vm' || vms.length > 0))
    .map((table) => () => `${table.name}[${keyOf(c, scope, table)}]`);
  if (type === 'u64') return [...looked, () => `${set()}.count`];
  if (type === 'u32') return [...looked, ...(vcpus.length > 0 ? [() => `${c.pick(vcpus)}.id`] : [])];
  if (type !== 'bool') return looked;
  return [
    ...looked,
    () => `${set()}.${c.pick(['has(0)', 'empty'])}`,
    () => `${set()}.has(${cpu()})`,
    () => `(${set()}.any ${c.pick(['==', '!='])} none)`,
    () => `is_kthread(${task()})`,
    () => `(${task()}.comm ${c.pick(['==', '!='])} "${c.pick(NAMES)}")`,
    () => `(${task()}.comm == ${task()}.comm)`,
    () => `(${task()} ${c.pick(['==', '!='])} ${task()})`,
    () => `(${cpu()} == ${cpu()})`,
    ...(scope.guest === true
      ? []
      : [() => `(vcpu(${task()}) == none)`, () => `can_run_on(${task()}, ${cpu()})`]),
    ...(vms.length > 0 ? [() => `(${c.pick(vms)} != ${c.pick(vms)})`] : []),
  ];
}

function keyOf(c: Choices, scope: Scope, { key }: Table): string {
  if (key !== 'string') return c.pick(namedThings(scope, key));
  return c.flip(3) ? `"${c.pick(NAMES)}"` : `${c.pick(namedThings(scope, 'task'))}.comm`;
}

/** A request to the agent, with arguments as they come. */
export function action(c: Choices, scope: Scope, e: Sub): string {
  const task = (): string => c.pick([...namedThings(scope, 'task'), ...namedThings(scope, 'vcpu')]);
  const vms = namedThings(scope, 'vm');
  const ways: (() => string)[] = [
    () => `defer set_nice(${task()}, ${e('nice', false)})`,
    () => `defer set_weight(${task()}, ${e('weight', false)})`,
    () => `defer set_uclamp(${task()}, ${e('ratio', false)}, ${e('ratio', false)})`,
    () => `defer boost(${task()}, ${c.pick(['FIFO', 'RR'])}, ${e('rt_prio', false)}, for: ${span(c, scope)})`,
    () => `defer unboost(${task()})`,
    () => `defer pin(${task()}, ${mask(c, scope, 2)})`,
    () => `defer unpin(${task()})`,
    () => `defer signal("${c.pick(['one', 'two'])}")`,
  ];
  if (vms.length > 0) {
    ways.push(
      () => `defer cap(${c.pick(vms)}, ${e('ratio', false)})`,
      () => `defer set_halt_poll(${c.pick(vms)}, ${e('duration', false)})`,
      () => `defer core_tag(${c.pick(vms)})`,
    );
  }
  return c.pick(ways)();
}

/** A boost has an end that is known. */
const span = (c: Choices, scope: Scope): string =>
  c.flip(3) && scope.values.some(({ text }) => text === 'SPAN') ? 'SPAN' : c.pick(['20ms', '3ms', '1s']);
