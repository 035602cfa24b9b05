import { describe, expect, test } from 'vitest';
import { plain, stmts } from './support.ts';

const name = (text: string): object => ({ kind: 'name', name: text });
const call = (text: string): object => ({ kind: 'call', callee: name(text), args: [] });
const run = (text: string): object => ({ kind: 'expr-stmt', expr: call(text) });
const block = (...list: object[]): object => ({ kind: 'block', stmts: list });
const int = (value: number): object => ({ kind: 'int', value: `${value}n` });

describe('statements', () => {
  test.each<[string, object[]]>([
    ['let a = b', [{ kind: 'let', mutable: false, names: ['a'], value: name('b') }]],
    [
      'var a: vcpu? = b',
      [
        {
          kind: 'let',
          mutable: true,
          names: ['a'],
          type: { kind: 'optional-type', inner: { kind: 'named-type', name: 'vcpu' } },
          value: name('b'),
        },
      ],
    ],
    ['let (a, b) = f()', [{ kind: 'let', mutable: false, names: ['a', 'b'], value: call('f') }]],
    ['f()', [run('f')]],
    ['f(); g()', [run('f'), run('g')]],
    ['a <<= 2', [{ kind: 'assign', op: '<<=', target: name('a'), value: int(2) }]],
    ['if a { f() }', [{ kind: 'if', condition: name('a'), then: block(run('f')) }]],
    [
      'if a { f() } else if let b = c { } else { g() }',
      [
        {
          kind: 'if',
          condition: name('a'),
          then: block(run('f')),
          otherwise: {
            kind: 'if-let',
            name: 'b',
            value: name('c'),
            then: block(),
            otherwise: block(run('g')),
          },
        },
      ],
    ],
    [
      'for i in a { break }',
      [{ kind: 'for', name: 'i', iterable: name('a'), body: block({ kind: 'break' }) }],
    ],
    [
      'for i in a max 8 { continue }',
      [{ kind: 'for', name: 'i', iterable: name('a'), max: int(8), body: block({ kind: 'continue' }) }],
    ],
    ['return', [{ kind: 'return' }]],
    ['return a', [{ kind: 'return', value: name('a') }]],
    ['defer f()', [{ kind: 'defer', call: call('f') }]],
    [String.raw`log "a {b} \{c} {f()}"`, [{ kind: 'log', parts: ['a ', name('b'), ' {c} ', call('f')] }]],
    ['log "plain"', [{ kind: 'log', parts: ['plain'] }]],
  ])('%s', (text, tree) => expect(plain(stmts(text))).toEqual(tree));

  test('match, with its patterns', () => {
    const text = 'match x {\n A | B => f(), -1 => return\n 1..5 => { g() }\n\n -2..-1 => f()\n _ => { }\n}';
    const minus = (n: number): object => ({ kind: 'unary', op: '-', operand: int(n) });
    const arm = (patterns: object[], body: object): object => ({ kind: 'match-arm', patterns, body });
    expect(plain(stmts(text))).toEqual([
      {
        kind: 'match',
        subject: name('x'),
        arms: [
          arm([name('A'), name('B')], block(run('f'))),
          arm([minus(1)], block({ kind: 'return' })),
          arm([{ kind: 'range', from: int(1), to: int(5) }], block(run('g'))),
          arm([{ kind: 'range', from: minus(2), to: minus(1) }], block(run('f'))),
          arm([{ kind: 'wildcard' }], block()),
        ],
      },
    ]);
  });

  test('the places in a log text are those of the file', () => {
    const text = 'log "a {b.c}"';
    const [log] = stmts(text);
    const part = log?.kind === 'log' ? log.parts[1] : undefined;
    const prefix = 'policy p for tracing\non init {\n'.length;
    expect(typeof part === 'object' && part.span).toEqual({ start: prefix + 8, end: prefix + 11 });
  });
});

describe('line ends', () => {
  const count = (text: string): number => stmts(text).length;

  test.each([
    ['a = b\n + c', 1],
    ['a = b\n - c', 1],
    ['a = b +\n c', 1],
    ['a =\n b', 1],
    ['a\n = b', 1],
    ['a = b\n && c\n || d', 1],
    ['a = b\n ? c\n : d', 1],
    ['a = b ? c :\n d', 1],
    ['a = b\n .c\n .d', 1],
    ['a = b.\n c', 1],
    ['a = b\n as u32', 1],
    ['a = flags\n has X', 1],
    ['f(\n a\n ,\n b\n )', 1],
    ['a = b[\n 1\n ]', 1],
    ['if a\n { }\n else\n { }', 1],
    ['if a { }\n // why\n else { }', 1],
    ['for i in\n a { }', 1],
    ['a = b\nf()', 2],
    ['f()\n(a).b = c', 2],
    ['a = b // no end here\n\n\nf()', 2],
    ['a = b /* nor\n here */\nf()', 2],
    ['return\nf()', 2],
    ['a = b; f();\n ; g()', 3],
    ['a = b\n has = c', 2],
  ])('%j', (text, n) => expect(count(text)).toBe(n));
});
