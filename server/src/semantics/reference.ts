import { ACTIONS, type ActionInfo } from './actions.ts';
import { FUNCTIONS, MEMBERS, METHODS, NAMES, TYPES, showSlot, type Where } from './builtins.ts';
import { CASTS, FORBIDDEN, OPERATIONS, type OperandClass } from './operators.ts';
import { METRICS, STATISTICS } from './statistics.ts';
import { show } from './types.ts';

/** `docs/language-builtins.md`: everything that the checker knows of the language itself, as its tables have it. */
export function builtinsPage(): string {
  return (
    [
      '# Built-ins and operators',
      'The tables that the checker works with. A test keeps this page in step with them: `npx vitest run test/semantics/reference -u` writes it anew.',
      '## Built-in members and functions',
      '### Functions',
      table(
        ['Function', 'Where', 'Does'],
        FUNCTIONS.map((f) => [code(f.signature), WHERE[f.where], f.doc]),
      ),
      '`T` stands for one type in all its places: an integer, `duration`, `instant`, `vtime` or `ratio`, as the function allows.',
      '### Methods',
      table(
        ['Of', 'Method', 'Does'],
        METHODS.map((m) => [code(m.receiver ?? ''), code(m.signature), m.doc]),
      ),
      '### Members',
      table(
        ['Of', 'Member', 'Type', 'Where', 'Is'],
        MEMBERS.map((m) => [code(m.of), code(`.${m.name}`), code(showSlot(m.type)), WHERE[m.where], m.doc]),
      ),
      '`element` is the type that a collection holds. A list is also read by `l[i]`: `none` beyond its end where it holds entities or CPUs, zero where it holds numbers.',
      '### Values',
      table(
        ['Name', 'Type', 'Where', 'Is'],
        NAMES.map((n) => [
          code(n.name),
          n.name === 'baseline' ? 'of what it is compared with' : code(show(n.type)),
          WHERE[n.where],
          n.doc,
        ]),
      ),
      '### Actions',
      table(
        ['Action', 'Does'],
        ACTIONS.map((a) => [code(signature(a)), a.doc]),
      ),
      '### Types',
      table(
        ['Type', 'Values'],
        TYPES.map((t) => [code(t.name), t.doc]),
      ),
      '### Statistics and metrics',
      table(
        ['Statistic', 'Is'],
        STATISTICS.map((s) => [code(s.name), s.doc]),
      ),
      table(
        ['Metric', 'Measures', 'Has'],
        METRICS.map((m) => [
          code(m.name),
          m.doc,
          m.kind === 'count' ? 'a total for each vCPU' : `many values, each a ${show(m.type)}`,
        ]),
      ),
      'A count has the statistics `sum`, `count` (the same), `max`, `mean`, `share` and `jain`, over vCPUs; alone it means its total.',
      '## Operators',
      'What may stand left and right of an operator, and what comes out. `uint` is any unsigned integer, `sint` any signed one; `cpu`, `rt_prio` and `weight` count as `uint`, `nice` as `sint`. Results of integers have 64 bits.',
      table(['Left', 'Operator', 'Right', 'Result', 'Meaning'], operatorRows()),
      '### What does not go together',
      table(
        ['Left', 'Operator', 'Right', 'Why'],
        FORBIDDEN.map((f) => [code(f.left), f.ops.map(code).join(' '), code(f.right), f.why]),
      ),
      '## Casts',
      table(
        ['From', 'To', 'Meaning'],
        CASTS.map((c) => [
          code(c.from),
          c.to
            .map((kind) => code(kind === 'int' ? 'an integer' : kind).replace('`an integer`', 'an integer'))
            .join(', '),
          c.meaning,
        ]),
      ),
      '## Rules',
      RULES.map((rule) => `- ${rule}`).join('\n'),
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

const WHERE: Readonly<Record<Where, string>> = {
  both: 'everywhere',
  host: 'host',
  guest: 'guest',
  sched_ext: 'sched_ext',
  invariant: 'invariants',
  expect: '`expect`',
};

/** What was to be decided, and how. */
const RULES: readonly string[] = [
  'A constant without a type (`const N = 5`) adapts to its place as the number itself would; one with a type is of that type.',
  'Integers widen by themselves to more bits of the same sign. Fewer bits, and another sign, need `as`. `x += y` computes in the width of `x`, and `y` must fit it.',
  'The number 0 is also an `instant` and a `vtime`: "never", and the start of virtual time. Other numbers without a unit are neither clocks nor durations.',
  'Members of an enum are named with their enum: `Class.RT`.',
  'State of one scope is declared in one block on each side; so is each shared page.',
  'Declarations of the whole file, of host and guest, have one set of names. The guest sees the constants, enums and params of the host, nothing else. A `let` may hide any of them, and another `let`.',
  'In the place of a callee, locals are not looked at: `if let vcpu = vcpu(p)` is fine.',
  'A field of state that refers to a task, vCPU or VM can be absent (`vcpu?`): state starts zeroed, and what it refers to may be gone.',
  'An average is fed by `.update(x)` and read by its name; a list is changed by its methods only.',
  'A hook whose result is an error code may end without `return`: that is 0, success. Any other result must be returned on every path.',
  'A local, parameter, function or declaration that nothing reads is reported; a name with `_` in front is not. Parameters of hooks, loop variables and fields of shared pages are never reported.',
  'What a guest wrote is followed through variables, state and functions, in any order of statements. Truth values are choices and carry nothing; `min` and `clamp` with a value of the policy, `% n` and `& mask` bound it.',
  'A divisor is taken to be non-zero where a test says so on the way to it, and where it is the result of a call or of arithmetic.',
];

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

function signature({ name, params }: ActionInfo): string {
  return `${name}(${params.map((p) => `${p.name}: ${show(p.type)}`).join(', ')})`;
}

/** Operators with the same operands, result and meaning share a line. */
function operatorRows(): readonly (readonly string[])[] {
  const lines = new Map<
    string,
    { ops: string[]; cells: readonly [OperandClass, OperandClass, OperandClass, string] }
  >();
  for (const { op, left, right, result, meaning } of OPERATIONS) {
    const key = [left, right, result, meaning].join('/');
    const known = lines.get(key);
    if (known === undefined) lines.set(key, { ops: [op], cells: [left, right, result, meaning] });
    else known.ops.push(op);
  }
  return [...lines.values()].map(({ ops, cells: [left, right, result, meaning] }) => [
    code(left),
    ops.map(code).join(' '),
    code(right),
    code(result),
    meaning,
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
