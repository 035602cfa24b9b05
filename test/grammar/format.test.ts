import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { format } from '../../grammar/format.ts';
import { parse } from '../../grammar/index.ts';
import {
  CONTEXTUAL_WORDS,
  isComment,
  Newline,
  RESERVED_WORDS,
  Semi,
  SIGN_TEXTS,
} from '../../grammar/tokens.ts';
import { runs } from '../support/runs.ts';
import { HEADER, plain, SAMPLES } from './support.ts';

const formatted = (text: string): string => {
  const result = format(text);
  if (result === undefined) throw new Error('not formatted');
  return result;
};

/** The tokens but line ends and ';', which the formatter may add or take away. */
const images = (text: string): string[] =>
  parse(text)
    .tokens.filter((t) => t.tokenType !== Newline && t.tokenType !== Semi)
    .map((t) => (isComment(t.tokenType) ? t.image.trimEnd() : t.image));

/** What holds of the formatting of any text. */
function check(text: string): void {
  const once = formatted(text);
  expect(formatted(once)).toBe(once);
  const { file, diagnostics } = parse(text);
  expect(format(text, { file, diagnostics })).toBe(once);
  expect(images(once)).toEqual(images(text));
  const [before, after] = [parse(text), parse(once)];
  expect(plain(after.file)).toEqual(plain(before.file));
  expect(after.diagnostics.map((d) => d.message)).toEqual(before.diagnostics.map((d) => d.message));
}

describe('the style', () => {
  test.each([
    ['const   a=1', 'const a = 1'],
    ['param a:u8=1 in 0 .. 9', 'param a: u8 = 1 in 0..9'],
    ['state vcpu{a:u8 ;b : u8? ;}', 'state vcpu { a: u8; b: u8? }'],
    ['state vcpu{a:u8\nb:u8}', 'state vcpu {\n    a: u8\n    b: u8\n}'],
    ['state vcpu\n{\n\na:u8\n\n\n\nb:u8;\n\n}', 'state vcpu {\n    a: u8\n\n    b: u8\n}'],
    ['shared hint {\n}', 'shared hint {}'],
    ['shared hint {\n// none\n}', 'shared hint {\n    // none\n}'],
    ['enum e{A,B\nC}', 'enum e {\n    A, B\n    C\n}'],
    ['state{a:list  of u8 max 8,b:ewma( 1 / 8 ) of u8}', 'state { a: list of u8 max 8, b: ewma(1/8) of u8 }'],
    ['fn f (a:u8 , b:u8)->u8{return a}', 'fn f(a: u8, b: u8) -> u8 { return a }'],
    ['fn f(a:u8,\nb:u8){\nreturn\n}', 'fn f(a: u8,\n    b: u8) {\n    return\n}'],
    ['on tracepoint sched : sched_switch ( a,b ){ }', 'on tracepoint sched:sched_switch(a, b) {}'],
    ['table a:vm->u8=1', 'table a: vm -> u8 = 1'],
    ['const a=-1*( -b- -c )', 'const a = -1 * (-b - -c)'],
    ['const a=! b&&~ c', 'const a = !b && ~c'],
    ['const a=b?c:d ?e: f', 'const a = b ? c : d ? e : f'],
    ['const a=b as u8<<2|c', 'const a = b as u8 << 2 | c'],
    ['const a=f ( x,y , for :1us ) [ 0 ] . z', 'const a = f(x, y, for: 1us)[0].z'],
    ['const a=b\n+c\n-d', 'const a = b\n    + c\n    - d'],
    ['const a=f(b,\nc,\ng(d,\ne))', 'const a = f(b,\n    c,\n    g(d,\n        e))'],
    ['const a=f(\nb,\n)', 'const a = f(\n    b,\n)'],
    ['const a = 1 // why  \n//\tand how\nconst b=2', 'const a = 1 // why\n//\tand how\nconst b = 2'],
    ['const a=1;const b=2;', 'const a = 1; const b = 2'],
    ['const a=1;;const b=2', 'const a = 1; const b = 2'],
    ['const a=1\n; ;\nconst b=2; ;', 'const a = 1\nconst b = 2'],
    ['const a=1\n\n\n\nconst b=2\n\n\n', 'const a = 1\n\nconst b = 2'],
    [
      'scenario s{\nvm a  =pid 1|pid 2\ncompare eevdf,\npinned\n}',
      'scenario s {\n    vm a = pid 1 | pid 2\n    compare eevdf,\n        pinned\n}',
    ],
  ])('%j', (text, expected) => {
    expect(formatted(HEADER + text)).toBe(`${HEADER}${expected}\n`);
    check(HEADER + text);
  });

  test.each([
    ['if a{f()}', 'if a { f() }'],
    ['if a\n{\nf()\n}\nelse\n{\ng()\n}', 'if a {\n    f()\n} else {\n    g()\n}'],
    ['if a { }\n// why\nelse { }', 'if a {}\n// why\nelse {}'],
    ['if a\n&& b {\nf()\n}', 'if a\n    && b {\n    f()\n}'],
    ['if(a){f()}', 'if (a) { f() }'],
    ['let(a,b)=f()', 'let (a, b) = f()'],
    ['return(a)', 'return (a)'],
    ['for i in 0 .. (n){}', 'for i in 0..(n) {}'],
    ['for v in m.vcpus max(8){}', 'for v in m.vcpus max (8) {}'],
    ['x=max (a,b)', 'x = max(a, b)'],
    ['match a{A|B=>f(),_=>{}}', 'match a { A | B => f(), _ => {} }'],
    [
      'match a{\nA=>f(),\n-1..2=>{\ng()\n}\n}',
      'match a {\n    A => f(),\n    -1..2 => {\n        g()\n    }\n}',
    ],
    ['f(); g();\nh();', 'f(); g()\nh()'],
    ['f(); // why\ng()', 'f() // why\ng()'],
    ['log"a {b+1}  c"', 'log "a {b+1}  c"'],
    [
      'f() /* one */\n/* two\n   lines */\ng(/* in */ a)',
      'f() /* one */\n/* two\n   lines */\ng(/* in */ a)',
    ],
    ['defer boost(v,FIFO,1,for :1ms)', 'defer boost(v, FIFO, 1, for: 1ms)'],
  ])('%j', (text, expected) => {
    const body = expected.split('\n').map((line) => (line.startsWith('   lines') ? line : `    ${line}`));
    expect(formatted(`${HEADER}on init {\n${text}\n}`)).toBe(`${HEADER}on init {\n${body.join('\n')}\n}\n`);
    check(`${HEADER}on init {\n${text}\n}`);
  });
});

describe('what is left as it is', () => {
  const broken = 'param   x   y  // why\n';
  const wrong = `on   init {\n  f(   a b )\n      g( )\n}\n`;

  test('a declaration with a mistake, with its comments, between formatted ones', () => {
    const text = `${HEADER}const  a=1\n\n\n// own\n  /// doc\n  ${broken}const  b=2\n${wrong}const c =3`;
    const expected = `${HEADER}const a = 1\n\n// own\n  /// doc\n  ${broken}const b = 2\n${wrong}const c = 3\n`;
    expect(formatted(text)).toBe(expected);
    expect(formatted(expected)).toBe(expected);
  });

  test('what follows a comment without end', () => {
    const text = `${HEADER}const  a=1\nconst  b=2 /* open\n  const c`;
    expect(formatted(text)).toBe(`${HEADER}const a = 1\nconst  b=2 /* open\n  const c\n`);
  });

  test('a file without a header is formatted, one that is no text is not', () => {
    expect(formatted('const  a=1')).toBe('const a = 1\n');
    expect(format('\0')).toBeUndefined();
    expect(format(`${HEADER}const a = ${'('.repeat(1000)}`)).toBeUndefined();
    expect(formatted('')).toBe('');
    expect(formatted('\n\n// only this\n\n')).toBe('// only this\n');
  });

  test('line ends and the byte order mark', () => {
    expect(formatted('\uFEFFpolicy a for  tracing\r\n\r\n\r\nconst  a=1\r\n')).toBe(
      '\uFEFFpolicy a for tracing\r\n\r\nconst a = 1\r\n',
    );
  });
});

describe('any policy', () => {
  test.each(SAMPLES)('%s keeps its tree and its comments', (_, text) => check(text));

  /** A sample with other white space and more comments between its tokens. */
  const rewritten = fc
    .tuple(fc.constantFrom(...SAMPLES), fc.infiniteStream(fc.nat(19)))
    .map(([[, sample], stream]) => {
      const choose = (): number => stream.next().value ?? 0;
      const { tokens } = parse(sample);
      return tokens
        .map(({ image, tokenType, startOffset }, i) => {
          if (tokenType === Newline)
            return ['\n', '\n\n', '  \n\t', '\n\n\n', ' // n\n', '\n/* o */\n'][choose()] ?? '\n';
          const next = tokens[i + 1];
          const touching = next?.startOffset === startOffset + image.length;
          const gap = ['  ', '\t', ' /* p */ ', '   '][choose()] ?? (touching ? '' : ' ');
          return next === undefined ? image : image + gap;
        })
        .join('');
    });

  test('with other white space is formatted to the same tree', () => {
    fc.assert(fc.property(rewritten, check), { numRuns: runs(100) });
  });

  const token = fc.oneof(
    fc.constantFrom(...RESERVED_WORDS, ...CONTEXTUAL_WORDS, ...SIGN_TEXTS),
    fc.constantFrom(
      '\n',
      '\n',
      ' ',
      '{',
      '}',
      '(',
      ')',
      'x',
      'y',
      '1',
      '2ms',
      '25%',
      '"t"',
      '"a {x}"',
      '"',
      '/*',
    ),
    fc.constantFrom(
      '/// d\n',
      '// c\n',
      '/* c */',
      '/* c\n  d */',
      '\n\n\n',
      'const a=1\n',
      'on init{f()}\n',
    ),
  );
  test('of tokens in any order is formatted, twice as once', () => {
    const soup = fc.array(token, { maxLength: 40 }).map((list) => list.join(' '));
    fc.assert(
      fc.property(soup, (text) => {
        for (const whole of [
          text,
          `${HEADER}on init {\n${text}\n}\n`,
          `${HEADER}const a=1\n${text}\nconst b=2\n`,
        ]) {
          const once = formatted(whole);
          expect(formatted(once)).toBe(once);
          expect(images(once)).toEqual(images(whole));
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});
