import fc from 'fast-check';
import { Choices } from './random-choices.ts';
import {
  expression,
  literal,
  MODE,
  SCALARS,
  type Callable,
  type Named,
  type Scalar,
} from './random-policy-expressions.ts';
import { body, readings, type Field } from './random-policy-statements.ts';

/** A random policy for the target tracing that is free of errors. */
export interface RandomPolicy {
  readonly text: string;
  /** Its functions, in an order in which they can be called; those that change state have `changes`. */
  readonly functions: readonly Callable[];
  /** Functions without parameters, each of which reads one thing that is kept. */
  readonly readers: readonly Callable[];
}

const AVERAGED: readonly Scalar[] = [
  'u64',
  'duration',
  'ratio',
  'u8',
  'u16',
  'u32',
  's64',
  's8',
  's16',
  's32',
];
const LISTED: readonly Scalar[] = ['u64', 'duration', 'Mode', 'u8', 'u16', 'u32', 's64', 's8', 's16', 's32'];
const RANGED: readonly Scalar[] = ['u64', 'u8', 'duration', 'ratio', 's64', 's32', 'nice', 'weight'];
const COUNTED: readonly Scalar[] = ['duration', 'u64', 'u32', 'ratio'];

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
  const fields = { '': fieldsFrom(c, '', 6), task: fieldsFrom(c, 'task', 3), cpu: fieldsFrom(c, 'cpu', 3) };
  const metrics = metricsFrom(c);
  const all = [...fields[''], ...fields.task, ...fields.cpu, ...metrics.fields];
  const functions: Callable[] = [];
  const texts: string[] = [];
  const constants: Named[] = [
    ...params.values,
    { text: 'SPAN', type: 'duration' },
    { text: 'MANY', type: 'u64' },
  ];
  for (let n = 1 + c.below(3); n > 0; n--) {
    const fn = headFrom(c, `fun${functions.length}`);
    // A function that changes nothing is one that can be tried on any arguments in any order.
    const changes = c.flip() ? all : [];
    const scope = { values: [...fn.params, ...constants], functions, clock: false };
    texts.push(`${headText(fn)} {\n${body(c, scope, changes, fn.result)}\n}`);
    functions.push(fn);
  }
  const readers = readersOf(all);
  const calls = functions.map(
    (fn, i) => `let r${i} = ${fn.name}(${fn.params.map((p) => argument(c, p.type)).join(', ')})`,
  );
  const reads = readers.map((reader, i) => `let k${i} = ${reader.name}()`);
  const hook = { values: [...constants, { text: 'prev.pid', type: 'u32' as const }], functions, clock: true };
  const text = [
    'policy random for tracing',
    `enum Mode {\n${MODE.map(([name, value]) => `    ${name} = ${value}`).join('\n')}\n}`,
    `const SPAN = ${c.pick(['5ms', '1ns', '3us'])}\nconst MANY: u64 = ${c.pick(['3', '0', '4294967296', '18446744073709551615'])}`,
    params.text,
    ...Object.entries(fields).map(([scope, list]) => stateText(scope, list)),
    metrics.text,
    ...texts,
    ...readers.map(
      ({ name, result }, i) => `fn ${name}() -> ${result} {\n    return ${readings(all)[i]?.text ?? ''}\n}`,
    ),
    `on tracepoint sched:sched_switch(preempt, prev, next) {\n${body(c, hook, all, undefined, [...calls, ...reads, ...requests(c)])}\n}`,
  ];
  return { text: `${text.filter((part) => part !== '').join('\n\n')}\n`, functions, readers };
}

const argument = (c: Choices, type: Scalar): string =>
  expression(c, { values: [], functions: [], clock: false }, type, 1);

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

function paramsFrom(c: Choices): { readonly text: string; readonly values: readonly Named[] } {
  const values = Array.from({ length: c.below(4) }, (_, i): Named => ({
    text: `par${i}`,
    type: c.pick(RANGED),
  }));
  const lines = values.map(
    ({ text, type }) => `${c.flip(3) ? 'tunable' : 'param'} ${text}: ${type} = ${literal(c, type)}`,
  );
  return { text: lines.join('\n'), values };
}

const OWNERS: Readonly<Record<string, string>> = { '': '', task: 'current().', cpu: 'this_cpu().' };

function fieldsFrom(c: Choices, scope: string, most: number): Field[] {
  const prefix = scope === '' ? 'g' : scope.slice(0, 1);
  return Array.from({ length: c.below(most) }, (_, i): Field => {
    const kind = c.pick(['scalar', 'scalar', 'scalar', 'ewma', 'list', 'ring'] as const);
    const types = kind === 'scalar' ? SCALARS : kind === 'list' ? LISTED : AVERAGED;
    return { text: `${OWNERS[scope] ?? ''}${prefix}${i}`, kind, type: c.pick(types), max: 1 + c.below(5) };
  });
}

function stateText(scope: string, fields: readonly Field[]): string {
  if (fields.length === 0) return '';
  const lines = fields.map(({ text, kind, type, max }) => {
    const name = text.slice(text.lastIndexOf('.') + 1);
    switch (kind) {
      case 'ewma':
        return `    ${name}: ewma(1/${2 ** max}) of ${type}`;
      case 'list':
      case 'ring':
        return `    ${name}: ${kind} of ${type} max ${max}`;
      default:
        return `    ${name}: ${type}`;
    }
  });
  return `state${scope === '' ? '' : ` ${scope}`} {\n${lines.join('\n')}\n}`;
}

function metricsFrom(c: Choices): { readonly text: string; readonly fields: readonly Field[] } {
  const fields = Array.from({ length: c.below(3) }, (_, i): Field => {
    const counter = !c.flip();
    return counter
      ? { text: `count${i}`, kind: 'counter', type: 'u64', max: 0 }
      : { text: `waits${i}`, kind: 'histogram', type: c.pick(COUNTED), max: 0 };
  });
  const lines = fields.map(({ text, kind, type }) =>
    kind === 'counter' ? `counter ${text}` : `histogram ${text}: ${type}`,
  );
  return { text: lines.join('\n'), fields };
}

const readersOf = (fields: readonly Field[]): Callable[] =>
  readings(fields).map(({ type }, i) => ({ name: `read${i}`, params: [], result: type }));

function headFrom(c: Choices, name: string): Callable {
  const result = c.pick(SCALARS);
  const params = Array.from({ length: c.below(6) }, (_, i): Named => ({
    text: `p${i}`,
    type: c.pick(SCALARS),
  }));
  return { name, params, result };
}

const headText = ({ name, params, result }: Callable): string =>
  `fn ${name}(${params.map(({ text, type }) => `${text}: ${type}`).join(', ')}) -> ${result}`;
