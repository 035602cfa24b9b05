import fc from 'fast-check';
import { Choices } from './random-choices.ts';
import {
  call,
  expression,
  isThing,
  literal,
  MODE,
  SCALARS,
  type Callable,
  type Named,
  type Scalar,
  type Scope,
} from './random-policy-expressions.ts';
import {
  metricsFrom,
  metricsText,
  OWNERS,
  readersOf,
  stateFrom,
  stateText,
  type Stored,
} from './random-policy-state.ts';
import { body } from './random-policy-statements.ts';
import { THINGS, type Table, type Thing } from './random-policy-things.ts';

/** A random policy for the target tracing that is free of errors. */
export interface RandomPolicy {
  readonly text: string;
  /** Its functions, in an order in which they can be called; those that change state have `changes`. */
  readonly functions: readonly Callable[];
  /** Functions each of which reads one thing that is kept, of the owner that it is given. */
  readonly readers: readonly Callable[];
  readonly tables: readonly Table[];
  readonly stored: readonly Stored[];
}

const RANGED: readonly Scalar[] = ['u64', 'u8', 'duration', 'ratio', 's64', 's32', 'nice', 'weight'];

/** Random policies; they shrink to short ones. */
export const randomPolicy: fc.Arbitrary<RandomPolicy> = fc
  .array(fc.nat(0xffff), { maxLength: 400, size: 'max' })
  .map((tape) => {
    const policy = policyFrom(new Choices(tape));
    return { ...policy, [fc.toStringMethod]: () => `\n${policy.text}` };
  });

/** The policy that these choices make. */
export function policyFrom(c: Choices): RandomPolicy {
  const params = paramsFrom(c);
  const state = OWNERS.map((owner) => [owner, stateFrom(c, owner, owner === '' ? 6 : 3)] as const);
  const metrics = metricsFrom(c);
  const tables = tablesFrom(c);
  const stored = [...state.flatMap(([, fields]) => fields), ...metrics];
  const functions: Callable[] = [];
  const texts: string[] = [];
  const constants: Named[] = [
    ...params.values,
    { text: 'SPAN', type: 'duration' },
    { text: 'MANY', type: 'u64' },
  ];
  const base: Scope = { values: constants, things: params.masks, tables, functions, clock: false };
  for (let n = 1 + c.below(3); n > 0; n--) {
    const fn = headFrom(c, `fun${functions.length}`);
    // A function that changes nothing is one that can be tried on any arguments in any order.
    const changes = c.flip() ? stored : [];
    const own = fn.params.filter((param) => !isThing(param)) as readonly Named[];
    const scope = {
      ...base,
      values: [...own, ...constants],
      things: [...fn.params.filter(isThing), ...base.things],
    };
    texts.push(`${headText(fn)} {\n${body(c, scope, changes, c.flip(), fn.result)}\n}`);
    functions.push(fn);
  }
  const readers = readersOf(stored);
  const hook: Scope = {
    ...base,
    values: [...constants, { text: 'prev.pid', type: 'u32' }],
    clock: true,
  };
  const text = [
    'policy random for tracing',
    `enum Mode {\n${MODE.map(([name, value]) => `    ${name} = ${value}`).join('\n')}\n}`,
    `const SPAN = ${c.pick(['5ms', '1ns', '3us'])}\nconst MANY: u64 = ${c.pick(['3', '0', '4294967296', '18446744073709551615'])}`,
    params.text,
    tables.map(({ name, key, type }) => `table ${name}: ${key} -> ${type} = ${literal(c, type)}`).join('\n'),
    ...state.map(([owner, fields]) => stateText(owner, fields)),
    metricsText(metrics),
    ...texts,
    ...readers.map((reader) => reader.text),
    `on tracepoint sched:sched_switch(preempt, prev, next) {\n${body(c, hook, stored, false, undefined, [...uses(c, [...functions, ...readers]), ...requests(c)])}\n}`,
  ];
  return { text: `${text.filter((part) => part !== '').join('\n\n')}\n`, functions, readers, tables, stored };
}

/** Calls of all functions: what nobody calls would be left out. */
function uses(c: Choices, functions: readonly Callable[]): string[] {
  const vcpu = [{ text: 'v', type: 'vcpu' }] as const;
  const scope: Scope = { values: [], things: vcpu, tables: [], functions: [], clock: false };
  const calls = functions.map(
    (fn, i) =>
      `let r${i} = ${call(c, scope, fn, (type) => expression(c, { ...scope, things: [] }, type, 1))}`,
  );
  return ['if let v = vcpu(prev) {', ...calls.map((text) => `    ${text}`), '}'];
}

/** Things to ask of the agent: what only the verifier holds against the kernel. */
function requests(c: Choices): string[] {
  const ways = [
    [],
    ['defer boost(next, FIFO, 5, for: 20ms)', 'if preempt { defer unboost(next) }'],
    ['defer set_nice(prev, -3)'],
    ['if let v = vcpu(next) { defer set_weight(v, 200) }'],
    ['if let v = current_vcpu() { defer boost(v, RR, 2, for: 30ms) } else { defer unboost(prev) }'],
  ];
  return c.pick(ways);
}

function paramsFrom(c: Choices): {
  readonly text: string;
  readonly values: readonly Named[];
  readonly masks: readonly Thing[];
} {
  const values = Array.from({ length: c.below(4) }, (_, i): Named => ({
    text: `par${i}`,
    type: c.pick(RANGED),
  }));
  const lines = values.map(
    ({ text, type }) => `${c.flip(3) ? 'tunable' : 'param'} ${text}: ${type} = ${literal(c, type)}`,
  );
  const masks = Array.from({ length: c.below(2) }, (_, i): Thing => ({ text: `set${i}`, type: 'cpumask' }));
  const sets = masks.map(
    ({ text }) => `param ${text}: cpumask = cpus(${c.pick(['0', '1', '0..1', '1..3, 65'])})`,
  );
  return { text: [...lines, ...sets].join('\n'), values, masks };
}

const LOOKED_UP: readonly Scalar[] = [
  'u64',
  'weight',
  'duration',
  'bool',
  'u8',
  's32',
  'nice',
  'ratio',
  'u32',
];

const tablesFrom = (c: Choices): readonly Table[] =>
  Array.from({ length: c.below(4) }, (_, i) => ({
    name: `tab${i}`,
    key: c.pick(['vm', 'task', 'cpu', 'string'] as const),
    type: c.pick(LOOKED_UP),
  }));

function headFrom(c: Choices, name: string): Callable {
  const result = c.pick(SCALARS);
  const params = Array.from({ length: c.below(6) }, (_, i): Named | Thing =>
    c.flip(3) ? { text: `p${i}`, type: c.pick(THINGS) } : { text: `p${i}`, type: c.pick(SCALARS) },
  );
  return { name, params, result };
}

const headText = ({ name, params, result }: Callable): string =>
  `fn ${name}(${params.map(({ text, type }) => `${text}: ${type}`).join(', ')}) -> ${result}`;
