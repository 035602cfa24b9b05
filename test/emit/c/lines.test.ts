import { describe, expect, it } from 'vitest';
import { print, remarksOf, type Line } from '../../../server/src/emit/c/printer.ts';
import { blocksOf, bodiesOf } from '../../../server/src/emit/c/walk.ts';
import type { Program, Stmt } from '../../../server/src/ir/ir.ts';
import { SAMPLES } from './samples.ts';

interface Placed {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Where the compiler takes each line of a file to be. */
function placed(text: string, name: string): readonly Placed[] {
  let file = name;
  let line = 0;
  return text.split('\n').flatMap((content) => {
    const directive = /^#line (\d+) "([^"]+)"$/.exec(content);
    line++;
    if (directive === null) return [{ file, line, text: content }];
    file = directive[2] ?? '';
    line = Number(directive[1]) - 1;
    return [];
  });
}

/** Lines of the policy on which statements begin. */
function statementLines(
  { host, guest }: Program,
  lineOf: (offset: number) => number,
  side: 'host' | 'guest',
): Set<number> {
  const lines = new Set<number>();
  const visit = (body: readonly Stmt[]): void => {
    for (const stmt of body) {
      lines.add(lineOf(stmt.span.start));
      for (const block of blocksOf(stmt)) visit(block);
    }
  };
  const code = side === 'host' ? host : guest;
  if (code) for (const body of bodiesOf(code)) visit(body);
  return lines;
}

describe.each(SAMPLES)('$name', ({ files, policy, program }) => {
  const lineOf = (offset: number): number => policy.text.slice(0, offset).split('\n').length;

  it.each(files.filter(({ name }) => name.endsWith('.bpf.c')))(
    '$name places its own lines where they are',
    ({ name, text }) => {
      const physical = text.split('\n');
      for (const [i, line] of physical.entries()) {
        const back = /^#line (\d+) "(.*)"$/.exec(line);
        if (back?.[2] === name) expect(Number(back[1])).toBe(i + 2);
      }
    },
  );

  it.each(files.filter(({ name }) => name.endsWith('.bpf.c')))(
    '$name places code in the policy on lines that have statements, and every statement somewhere',
    ({ name, text }) => {
      const statements = statementLines(program, lineOf, name.includes('.guest.') ? 'guest' : 'host');
      const code = placed(text, name).filter((line) => line.file === policy.name && isCode(line.text));
      // The break at the end of a case is of no line of the policy.
      const own = code.filter(({ text }) => text.trim() !== 'break;');
      expect(own.filter(({ line }) => !statements.has(line))).toEqual([]);
      const reached = new Set(code.map(({ line }) => line));
      expect([...statements].filter((line) => !reached.has(line))).toEqual([]);
    },
  );
});

/** Lines of which code comes: no comments, braces, labels or declarations without a value. */
const isCode = (text: string): boolean =>
  !/^\s*($|\/\*.*\*\/$|[{}]$|\} else \{$|else$|case .*:( \{)?$|default:( \{)?$|(u32|s32|struct \w+ \*)[\w *,]*( = pv_opaque\(0\))?;$)/.test(
    text,
  );

describe('printing', () => {
  const line = (text: string, origin: Line['origin']): Line => ({ text, origin });

  it('counts on as the compiler does, and keeps short gaps', () => {
    const text = print(
      [
        line('a;', 10),
        line('b;', 11),
        line('c;', 13),
        line('d;', 20),
        line('e;', 'generated'),
        line('f;', 'generated'),
      ],
      'x.bpf.c',
      'x.pvpolicy',
      new Map(),
    );
    expect(text).toBe(
      '#line 10 "x.pvpolicy"\na;\nb;\n\nc;\n#line 20 "x.pvpolicy"\nd;\n#line 8 "x.bpf.c"\ne;\nf;\n'.replace(
        'line 8',
        'line 9',
      ),
    );
  });

  it('goes back by a directive', () => {
    const text = print([line('a;', 5), line('b;', 4)], 'x.bpf.c', 'x.pvpolicy', new Map());
    expect(text).toBe('#line 5 "x.pvpolicy"\na;\n#line 4 "x.pvpolicy"\nb;\n');
  });

  it('brings the comments right before a statement along, once, on their own lines', () => {
    const source = [
      '/// Doc.',
      'on init {',
      '  // Why a, /* and */ no more.',
      '  a',
      '',
      '  // Of b,',
      '  // in two lines.\r',
      '  if b { b } // behind',
      '  // Of nothing.',
      '',
      '  c // https://example.org',
    ].join('\n');
    const lines = [line('\ta;', 4), line('\tif (b)', 8), line('\t\tb;', 8), line('\tc;', 11)];
    expect(print(lines, 'x.bpf.c', 'x.pvpolicy', remarksOf(source))).toBe(
      [
        '#line 3 "x.pvpolicy"',
        '\t/* Why a, / * and * / no more. */',
        '\ta;',
        '',
        '\t/* Of b, */',
        '\t/* in two lines. */',
        '\tif (b)',
        '#line 8 "x.pvpolicy"',
        '\t\tb;',
        '#line 11 "x.pvpolicy"',
        '\tc;',
        '',
      ].join('\n'),
    );
  });
});
