import type { Choices } from './random-choices.ts';
import {
  expression,
  isConstant,
  MODE,
  shiftCount,
  type Named,
  type Scalar,
  type Scope,
  type Sub,
  scalarsOf,
} from './random-policy-expressions.ts';
import { fieldsOf, readings, type Field, type Stored } from './random-policy-state.ts';
import { mask, namedThings, thing, type Thing } from './random-policy-things.ts';

/** A statement that asks for something, with arguments as they come. */
export type Ask = (c: Choices, scope: Scope, e: Sub) => string;

/** How a hook is left before its end. */
export interface Leave {
  readonly leave: string;
}

/** A body while it is written. */
interface Body {
  readonly c: Choices;
  readonly stored: readonly Stored[];
  /** What is stored, for each owner at hand. */
  readonly fields: readonly Field[];
  readonly scope: Scope;
  /** What it may ask the agent or the kernel for. */
  readonly asks: Ask | undefined;
  /** Variables that can be assigned. */
  readonly variables: readonly Named[];
  /** What `return` gives in functions; how the body is left in hooks that may be left; else undefined. */
  readonly result: Scalar | Leave | undefined;
  readonly inLoop: boolean;
  readonly depth: number;
  readonly fresh: () => string;
  readonly indent: string;
}

/** The statements of a function or hook, which may use `scope`, change what is `stored`, and ask for something. */
export function body(
  c: Choices,
  scope: Scope,
  stored: readonly Stored[],
  asks: Ask | undefined,
  result: Scalar | Leave | undefined,
  extra: readonly string[] = [],
): string {
  let count = 0;
  const fields = fieldsOf(stored, scope);
  const start: Body = {
    c,
    stored,
    fields,
    asks,
    scope: { ...scope, values: [...scope.values, ...readings(fields)], masks: masksOf(fields) },
    variables: [],
    result,
    inLoop: false,
    depth: 3,
    fresh: () => `v${count++}`,
    indent: '    ',
  };
  const { lines, inner } = statements(start, 5);
  const last = typeof result === 'string' ? [`return ${expression(c, inner.scope, result, 3)}`] : [...extra];
  return [...lines, ...last.map((line) => `    ${line}`)].join('\n');
}

const masksOf = (fields: readonly Field[]): string[] =>
  fields.filter(({ kind }) => kind === 'mask').map(({ text }) => text);

function statements(body: Body, most: number): { readonly lines: string[]; readonly inner: Body } {
  const lines: string[] = [];
  let inner = body;
  for (let n = body.c.below(most); n > 0; n--) {
    const [text, after] = statement(inner);
    lines.push(...text);
    inner = after;
  }
  return { lines, inner };
}

/** A block of at least one statement, which does not declare names for what follows. */
function block(body: Body, head: string, more: Partial<Body> = {}): string[] {
  const inner: Body = { ...body, ...more, depth: body.depth - 1, indent: `${body.indent}    ` };
  const { lines } = statements(inner, 3);
  return [`${body.indent}${head} {`, ...lines, `${body.indent}}`];
}

function statement(body: Body): [string[], Body] {
  const { c, depth } = body;
  const one = (text: string): [string[], Body] => [[`${body.indent}${text}`], body];
  const ways: (() => [string[], Body])[] = [() => one(assignment(body)), () => declaration(body)];
  if (body.fields.some(collects)) ways.push(() => one(collect(body)));
  if (depth > 0) {
    ways.push(
      () => [choice(body), body],
      () => [matching(body), body],
      () => [loop(body), body],
    );
  }
  ways.push(() => one(logged(expr(body, c.pick(scalarsOf(body.scope)), 2))));
  if (depth > 0) {
    ways.push(
      () => [found(body), body],
      () => [each(body), body],
    );
  }
  ways.push(() => name(body));
  const { asks, result } = body;
  if (asks) ways.push(() => one(asks(c, body.scope, (type, own) => expr(body, type, 2, own))));
  if (body.inLoop) {
    const word = c.pick(['break', 'continue']);
    ways.push(() => one(`if ${expr(body, 'bool', 2)} { ${word} }`));
  }
  if (result !== undefined && depth < 3) {
    const left = (): string =>
      typeof result === 'string' ? `return ${expr(body, result, 2)}` : result.leave;
    ways.push(() => one(`if ${expr(body, 'bool', 1)} { ${left()} }`));
  }
  return c.pick(ways)();
}

/** A text within a text would end it. */
const logged = (value: string): string => `log "x {${value.includes('"') ? '1' : value}}"`;

const expr = (body: Body, type: Scalar, depth: number, own = true): string =>
  expression(body.c, body.scope, type, depth, own);

function declaration(body: Body): [string[], Body] {
  const { c } = body;
  const name = body.fresh();
  const type = c.pick(scalarsOf(body.scope));
  const mutable = c.flip();
  const text = `${body.indent}${mutable ? 'var' : 'let'} ${name}: ${type} = ${expr(body, type, 3, false)}`;
  const named: Named = { text: name, type };
  const scope = { ...body.scope, values: [...body.scope.values, named] };
  return [[text], { ...body, scope, variables: mutable ? [...body.variables, named] : body.variables }];
}

function assignment(body: Body): string {
  const { c } = body;
  const places = [...body.fields.filter(({ kind }) => kind === 'scalar'), ...body.variables];
  if (places.length === 0) return `log "nothing"`;
  const { text, type } = c.pick(places);
  const [op, right] = c.pick(assignments(type));
  const value = expr(body, right, 3);
  return `${text} ${op} ${op === '<<=' || op === '>>=' ? shiftCount(c, value) : value}`;
}

/** The assignments that a type has, with the type of their right sides. */
function assignments(type: Scalar): [string, Scalar][] {
  const set: [string, Scalar] = ['=', type];
  const same = (ops: readonly string[], right: Scalar): [string, Scalar][] => ops.map((op) => [op, right]);
  if (/^[us]\d/.test(type)) {
    return [
      set,
      ...same(['+=', '-=', '*=', '|=', '&=', '^=', '/=', '%='], type),
      ...same(['<<=', '>>='], type),
    ];
  }
  switch (type) {
    case 'duration':
      return [set, ...same(['+=', '-=', '%='], 'duration'), ['*=', 'u64'], ['*=', 'ratio'], ['/=', 'u64']];
    case 'instant':
    case 'vtime':
      return [set, ...same(['+=', '-='], 'duration')];
    case 'ratio':
      return [set, ...same(['+=', '-=', '*=', '/='], 'ratio')];
    default:
      return [set];
  }
}

const collects = ({ kind }: Field): boolean => kind !== 'scalar' && kind !== 'hint';

function collect(body: Body): string {
  const { c } = body;
  const field = c.pick(body.fields.filter(collects));
  const value = (): string => expr(body, field.type, 3);
  switch (field.kind) {
    case 'counter':
      return `${field.text} += ${c.flip() ? expr(body, 'u64', 2) : '1'}`;
    case 'histogram':
      return `${field.text}.record(${value()})`;
    case 'mask':
      return c.flip(3)
        ? `${field.text} ${c.pick(['|= ', '&= ~', '^= '])}cpus(${c.pick(['0', '1', '300', ...namedThings(body.scope, 'cpu')])})`
        : `${field.text} ${c.pick(['=', '|=', '&=', '^='])} ${setOf(body)}`;
    case 'ewma':
      return `${field.text}.update(${value()})`;
    case 'list':
      return c.flip(6)
        ? `${field.text}.clear()`
        : `${field.text}.${c.pick(['push', 'push', 'remove'])}(${value()})`;
    default:
      return c.flip(8) ? `${field.text}.clear()` : `${field.text}.push(${value()})`;
  }
}

function choice(body: Body): string[] {
  const { c } = body;
  const lines = block(body, `if ${expr(body, 'bool', 3)}`);
  if (!c.flip()) return lines;
  const [head = '', ...rest] = c.flip() ? block(body, `if ${expr(body, 'bool', 2)}`) : block(body, '');
  return [...lines.slice(0, -1), `${body.indent}} else ${head.trim()}`, ...rest];
}

function matching(body: Body): string[] {
  const { c, indent } = body;
  const arm = (pattern: string): string[] => block({ ...body, indent: `${indent}    ` }, `${pattern} =>`);
  if (c.flip(3)) {
    const arms = MODE.flatMap(([name]) => arm(`Mode.${name}`));
    return [`${indent}match ${expr(body, 'Mode', 2)} {`, ...arms, `${indent}}`];
  }
  const type = c.pick(['u64', 's64', 'u8', 'duration'] as const);
  const pattern = (): string => {
    const low = c.below(20);
    const unit = type === 'duration' ? 'us' : '';
    const sign = type === 's64' && c.flip() ? '-' : '';
    if (sign === '-') return `-${low + 5}${unit}..${low}${unit}`;
    return c.flip() ? `${low}${unit}..${low + c.below(30)}${unit}` : `${low}${unit} | ${low + 40}${unit}`;
  };
  const arms = Array.from({ length: 1 + c.below(3) }, () => arm(pattern())).flat();
  return [
    `${indent}match ${type === 'duration' ? expr(body, type, 3) : `(${expr(body, type, 3)} as ${type})`} {`,
    ...arms,
    ...arm('_'),
    `${indent}}`,
  ];
}

function loop(body: Body): string[] {
  const { c } = body;
  const name = body.fresh();
  const lists = body.fields.filter(({ kind }) => kind === 'list');
  const inside = (type: Scalar): Partial<Body> => ({
    inLoop: true,
    scope: { ...body.scope, values: [...body.scope.values, { text: name, type }] },
  });
  if (lists.length > 0 && c.flip(3)) {
    const list = c.pick(lists);
    return block(body, `for ${name} in ${list.text}`, inside(list.type));
  }
  const low = c.below(5);
  if (c.flip(3)) {
    const end = expr(body, 'u64', 2);
    const from = isConstant(end) ? 0 : low;
    return block(body, `for ${name} in ${from}..(${end} as u64) max ${1 + c.below(6)}`, inside('u64'));
  }
  return block(body, `for ${name} in ${low}..${low + c.below(7)}`, inside('u64'));
}

/** What a body knows within a block that has a name for one more thing. */
function knowing(body: Body, thing: Thing): Pick<Body, 'scope' | 'fields'> {
  const scope = { ...body.scope, things: [...body.scope.things, thing] };
  const more = fieldsOf(body.stored, scope, thing.text);
  return {
    scope: {
      ...scope,
      values: [...scope.values, ...readings(more)],
      masks: [...(scope.masks ?? []), ...masksOf(more)],
    },
    fields: [...body.fields, ...more],
  };
}

/** `if let`: a vCPU or a CPU that may not be there. */
function found(body: Body): string[] {
  const { c, scope, indent } = body;
  const text = body.fresh();
  const vcpu = !c.flip() && scope.guest !== true;
  const value = vcpu
    ? c.pick(['current_vcpu()', ...namedThings(scope, 'task').map((task) => `vcpu(${task})`)])
    : `${setOf(body)}.first`;
  const lines = block(
    body,
    `if let ${text} = ${value}`,
    knowing(body, { text, type: vcpu ? 'vcpu' : 'cpu' }),
  );
  if (!c.flip()) return lines;
  const [, ...rest] = block(body, '');
  return [...lines.slice(0, -1), `${indent}} else {`, ...rest];
}

/** A loop over CPUs, vCPUs or VMs. */
function each(body: Body): string[] {
  const { c, scope } = body;
  const text = body.fresh();
  const vms = namedThings(scope, 'vm');
  const inside = (type: Thing['type']): Partial<Body> => ({
    ...knowing(body, { text, type }),
    inLoop: true,
  });
  const ways = [
    () => block(body, `for ${text} in cpus(${setOf(body)}) max ${1 + c.below(3)}`, inside('cpu')),
    ...(scope.guest === true
      ? []
      : [() => block(body, `for ${text} in vms max ${1 + c.below(3)}`, inside('vm'))]),
    ...vms.map((vm) => () => block(body, `for ${text} in ${vm}.vcpus max ${1 + c.below(3)}`, inside('vcpu'))),
  ];
  return c.pick(ways)();
}

/** A name for a thing. */
function name(body: Body): [string[], Body] {
  const { c, scope } = body;
  const text = body.fresh();
  const type = c.pick(['cpumask', 'task', 'cpu', 'vcpu', 'vm'] as const);
  const bool = (): string => expr(body, 'bool', 1);
  const one = (): string | undefined => thing(c, scope, type);
  const [value, other] = type === 'cpumask' ? [setOf(body)] : [one(), c.flip(4) ? one() : undefined];
  if (value === undefined) return [[`${body.indent}log "nothing"`], body];
  const chosen = other === undefined ? value : `(${bool()} ? ${value} : ${other})`;
  return [[`${body.indent}let ${text} = ${chosen}`], { ...body, ...knowing(body, { text, type }) }];
}

/** A set of CPUs. */
const setOf = (body: Body): string => mask(body.c, body.scope, 2, () => expr(body, 'bool', 1));
