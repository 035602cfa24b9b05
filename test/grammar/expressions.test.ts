import { describe, expect, test } from 'vitest';
import { expr, stmts, written } from './support.ts';

describe('precedence, loosest last', () => {
  test.each([
    ['a.b[1](2).c', 'a.b[1](2).c'],
    ['-a.b', '(-a.b)'],
    ['!a as u8', '((!a) as u8)'],
    ['a as u8 as u16', '((a as u8) as u16)'],
    ['-a as u32 * b', '(((-a) as u32) * b)'],
    ['a * b / c % d', '(((a * b) / c) % d)'],
    ['a + b * c - d', '((a + (b * c)) - d)'],
    ['1 << a + b', '(1 << (a + b))'],
    ['a & b << c', '(a & (b << c))'],
    ['a ^ b & c', '(a ^ (b & c))'],
    ['a | b ^ c', '(a | (b ^ c))'],
    ['a | b == c & d', '((a | b) == (c & d))'],
    ['flags has A | B', '(flags has (A | B))'],
    ['a && b == c || d', '((a && (b == c)) || d)'],
    ['a || b && c', '(a || (b && c))'],
    ['a || b ? c + 1 : d', '((a || b) ? (c + 1) : d)'],
    ['a ? b : c ? d : e', '(a ? b : (c ? d : e))'],
    ['a ? b ? c : d : e', '(a ? (b ? c : d) : e)'],
    ['(a + b) * c', '((a + b) * c)'],
    ['a < b && b < c', '((a < b) && (b < c))'],
    ['- -a', '(-(-a))'],
    ['~!-a', '(~(!(-a)))'],
    ['a - -b', '(a - (-b))'],
    ['a as u32 ? b : c', '((a as u32) ? b : c)'],
  ])('%s', (text, tree) => expect(expr(text)).toBe(tree));
});

describe('literals', () => {
  test.each([
    ['0', '0'],
    ['1_000_000', '1000000'],
    ['0xff_FF', '65535'],
    ['18446744073709551615', '18446744073709551615'],
    ['5ns', '5ns'],
    ['500us', '500000ns'],
    ['1.5ms', '1500000ns'],
    ['0.000001ms', '1ns'],
    ['10s', '10000000000ns'],
    ['2m', '120000000000ns'],
    ['25%', '256/1024'],
    ['0.3', '307/1024'],
    ['33.3%', '341/1024'],
    ['0.5', '512/1024'],
    ['1.0', '1024/1024'],
    ['true', 'true'],
    ['none', 'none'],
    [String.raw`"a\n\t\"\\\{b}"`, String.raw`"a\n\t\"\\{b}"`],
  ])('%s', (text, value) => expect(expr(text)).toBe(value));

  test('a percent sign is a remainder where an operand follows at once', () => {
    expect(expr('25%x')).toBe('(25 % x)');
    expect(expr('25%(x)')).toBe('(25 % x)');
    expect(expr('25 % 4')).toBe('(25 % 4)');
    expect(expr('25% * d')).toBe('(256/1024 * d)');
  });

  test('a point between digits is a ratio, two points are a range', () => {
    const [loop] = stmts('for i in 0..3 { }');
    expect(loop?.kind === 'for' && written(loop.iterable)).toBe('(0..3)');
    expect(expr('cpus(0, 2..3)')).toBe('cpus(0, (2..3))');
  });
});

describe('calls and members', () => {
  test.each([
    ['f()', 'f()'],
    ['f(a, b,)', 'f(a, b)'],
    ['boost(v, FIFO, for: 500us)', 'boost(v, FIFO, for: 500000ns)'],
    ['f(a ? b : c)', 'f((a ? b : c))'],
    ['f(if: 1, max: 2)', 'f(if: 1, max: 2)'],
    ['x.policy.for.in', 'x.policy.for.in'],
    ['m.has(c)', 'm.has(c)'],
    ['max(a, b) + max', '(max(a, b) + max)'],
    ['p99(wakeup_latency of rt) < 0.5 * baseline', '(p99((wakeup_latency of rt)) < (512/1024 * baseline))'],
  ])('%s', (text, tree) => expect(expr(text)).toBe(tree));
});

test('words with a meaning elsewhere are names in an expression', () => {
  for (const word of [
    'kernel',
    'trace',
    'vm',
    'max',
    'list',
    'op',
    'init',
    'comm',
    'set',
    'has',
    'of',
    'per',
  ]) {
    expect(expr(`${word} + 1`)).toBe(`(${word} + 1)`);
  }
});
