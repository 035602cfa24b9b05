import type { Choices } from './random-choices.ts';
import {
  call,
  expression,
  isThing,
  literal,
  MODE,
  scalarsOf,
  type Callable,
  type Named,
  type Scalar,
  type Scope,
} from './random-policy-expressions.ts';
import { readersOf, type Stored } from './random-policy-state.ts';
import { body, type Ask } from './random-policy-statements.ts';
import { THINGS, type Table, type Thing } from './random-policy-things.ts';

/** What can be called in the code of the host, or of the guest, and what it keeps. */
export interface RandomSide {
  /** Its functions, in an order in which they can be called. */
  readonly functions: readonly Callable[];
  /** Functions each of which reads one thing that is kept, of the owner that it is given. */
  readonly readers: readonly Callable[];
  readonly stored: readonly Stored[];
  /** Its handlers without parameters that no two runs disagree on, by family and number: `every0`. */
  readonly blocks: readonly string[];
}

/** A random policy that is free of errors. */
export interface RandomPolicy extends RandomSide {
  readonly text: string;
  readonly tables: readonly Table[];
  /** What the guest may write, and the host read. */
  readonly hints: readonly Named[];
  readonly guest: RandomSide | undefined;
}

/** Parts of a policy that all targets have, with what code can refer to. */
export interface Declared {
  readonly text: string;
  readonly base: Scope;
  /** What is fixed before the policy runs, which its guest sees too. */
  readonly fixed: Scope;
  readonly tables: readonly Table[];
}

const RANGED: readonly Scalar[] = ['u64', 'u8', 'duration', 'ratio', 's64', 's32', 'nice', 'weight'];

/** Enums, constants, params and tables. */
export function declarationsFrom(c: Choices): Declared {
  const params = paramsFrom(c);
  const tables = tablesFrom(c);
  const constants: Named[] = [
    { text: 'SPAN', type: 'duration' },
    { text: 'MANY', type: 'u64' },
  ];
  const text = [
    `enum Mode {\n${MODE.map(([name, value]) => `    ${name} = ${value}`).join('\n')}\n}`,
    `const SPAN = ${c.pick(['5ms', '1ns', '3us'])}\nconst MANY: u64 = ${c.pick(['3', '0', '4294967296', '18446744073709551615'])}`,
    params.text,
    tables.map(({ name, key, type }) => `table ${name}: ${key} -> ${type} = ${literal(c, type)}`).join('\n'),
  ];
  const fixed: Scope = {
    ...{ values: [...params.fixed, ...constants], things: [] },
    ...{ tables: [], functions: [], clock: false },
  };
  const values = [...params.values, ...constants];
  return { text: joined(text), base: { ...fixed, values, things: params.masks, tables }, fixed, tables };
}

/** Parts of a policy, those that are there, with an empty line between them. */
export const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

/** A block of the policy with its head. */
export const braced = (head: string, text: string): string => `${head} {\n${text}\n}`;

/** Functions, and readers of what is stored; the scope has the functions. */
export interface Functions {
  readonly text: string;
  readonly scope: Scope;
  readonly functions: readonly Callable[];
  readonly readers: readonly Callable[];
}

/** Functions that may change what is `stored`; their names begin with `prefix`, and those of readers with `reader`. */
export function functionsFrom(
  c: Choices,
  base: Scope,
  stored: readonly Stored[],
  asks: Ask | undefined,
  [prefix, reader]: readonly [string, string] = ['fun', 'read'],
): Functions {
  const functions: Callable[] = [];
  const texts: string[] = [];
  const scope = { ...base, functions };
  for (let n = 1 + c.below(3); n > 0; n--) {
    const fn = headFrom(c, `${prefix}${functions.length}`, base);
    // A function that changes nothing is one that can be tried on any arguments in any order.
    const changes = c.flip() ? stored : [];
    const own = fn.params.filter((param) => !isThing(param)) as readonly Named[];
    const inner = {
      ...scope,
      values: [...own, ...base.values],
      things: [...fn.params.filter(isThing), ...base.things],
    };
    texts.push(braced(headText(fn), body(c, inner, changes, c.flip() ? asks : undefined, fn.result)));
    functions.push(fn);
  }
  const readers = readersOf(stored, reader);
  return {
    text: joined([...texts, ...readers.map(({ text }) => text)]),
    scope,
    functions,
    readers,
  };
}

/** Calls of all functions: what nobody calls would be left out. `task` is one that may be a vCPU. */
export const uses = (c: Choices, functions: readonly Callable[], task: string): string[] => [
  `if let v = vcpu(${task}) {`,
  ...usesOf(c, functions, [{ text: 'v', type: 'vcpu' }]).map((text) => `    ${text}`),
  '}',
];

/** Calls of all functions with `things` for what is no number. */
export function usesOf(c: Choices, functions: readonly Callable[], things: readonly Thing[]): string[] {
  const none: Scope = { values: [], things: [], tables: [], functions: [], clock: false, guest: true };
  return functions.map(
    (fn, i) => `let r${i} = ${call(c, { ...none, things }, fn, (type) => expression(c, none, type, 1))}`,
  );
}

interface Params {
  readonly text: string;
  readonly values: readonly Named[];
  /** Those that cannot change while the policy runs. */
  readonly fixed: readonly Named[];
  readonly masks: readonly Thing[];
}

function paramsFrom(c: Choices): Params {
  const params = Array.from({ length: c.below(4) }, (_, i) => ({
    ...{ text: `par${i}`, type: c.pick(RANGED), tunable: c.flip(3) },
  }));
  const lines = params.map(
    ({ text, type, tunable }) => `${tunable ? 'tunable' : 'param'} ${text}: ${type} = ${literal(c, type)}`,
  );
  const masks = Array.from({ length: c.below(2) }, (_, i): Thing => ({ text: `set${i}`, type: 'cpumask' }));
  const sets = masks.map(
    ({ text }) => `param ${text}: cpumask = cpus(${c.pick(['0', '1', '0..1', '1..3, 65'])})`,
  );
  const fixed = params.filter(({ tunable }) => !tunable);
  return { text: [...lines, ...sets].join('\n'), values: params, fixed, masks };
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

function headFrom(c: Choices, name: string, scope: Scope): Callable {
  const scalars = scalarsOf(scope);
  const result = c.pick(scalars);
  const things = THINGS.filter((type) => scope.guest !== true || (type !== 'vcpu' && type !== 'vm'));
  const params = Array.from({ length: c.below(6) }, (_, i): Named | Thing =>
    c.flip(3) ? { text: `p${i}`, type: c.pick(things) } : { text: `p${i}`, type: c.pick(scalars) },
  );
  return { name, params, result };
}

const headText = ({ name, params, result }: Callable): string =>
  `fn ${name}(${params.map(({ text, type }) => `${text}: ${type}`).join(', ')}) -> ${result}`;
