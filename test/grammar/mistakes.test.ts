import { describe, expect, test } from 'vitest';
import { parse } from '../../grammar/index.ts';
import { HEADER, messages, plain } from './support.ts';

/** Broken texts and all that is said about each. */
const MISTAKES: Readonly<Record<string, readonly (readonly [string, readonly string[]])[]>> = {
  'whole files': [
    [
      '',
      [
        "1:1 PV1009 a policy starts with 'policy NAME for TARGET', where TARGET is pvsched, tracing or sched_ext",
      ],
    ],
    [
      '// nothing',
      [
        "1:1 PV1009 a policy starts with 'policy NAME for TARGET', where TARGET is pvsched, tracing or sched_ext",
      ],
    ],
    [
      'const a = 1',
      [
        "1:1 PV1009 a policy starts with 'policy NAME for TARGET', where TARGET is pvsched, tracing or sched_ext",
      ],
    ],
    ['polcy a for tracing', ["1:1 PV1014 'polcy' starts no declaration; did you mean 'policy'?"]],
    ['a for tracing', ["1:1 PV1001 expected 'policy' in front of the name, found 'a'"]],
    ['const a = 1\npolicy b for tracing', ["2:1 PV1010 the 'policy' line comes before all declarations"]],
    [
      'policy a for tracing\npolicy b for tracing',
      ["2:1 PV1010 a file holds one policy: this is its second 'policy' line"],
    ],
    [
      'policy for tracing',
      ["1:8 PV1001 expected the name of the policy after 'policy', found the keyword 'for'"],
    ],
    [
      'policy a tracing',
      ["1:10 PV1001 expected 'for' and a target: pvsched, tracing or sched_ext, found 'tracing'"],
    ],
    [
      'policy a for',
      ["1:13 PV1001 expected a target after 'for': pvsched, tracing or sched_ext, found the end of the file"],
    ],
    ['policy a for tracing requires kernel > 6.12', ["1:38 PV1001 expected '>=' and a version, found '>'"]],
    [
      'policy a for tracing requires 6.12',
      ["1:31 PV1001 expected 'kernel >= VERSION' after 'requires', found '6.12'"],
    ],
    [
      'policy a for tracing requires kernel >= new',
      ["1:41 PV1001 expected a kernel version such as 6.12, found 'new'"],
    ],
    [
      'policy a for tracing const b = 1',
      ["1:22 PV1001 expected the end of the declaration, found the keyword 'const'"],
    ],
    ['policy a for tracing\u0000', ['1:21 PV1019 this file is not UTF-8 text: it holds a NUL byte']],
    ['policy a for �', ['1:14 PV1019 this file is not UTF-8 text: it holds bytes that are no characters']],
    ['/* policy a for tracing', ["1:1 PV1003 this comment has no closing '*/'"]],
  ],
  declarations: [
    ['foo a = 1', ["2:1 PV1014 'foo' starts no declaration"]],
    ['parm a: u8 = 1', ["2:1 PV1014 'parm' starts no declaration; did you mean 'param'?"]],
    ['struct a { }', ["2:1 PV1014 'struct' starts no declaration; write 'state'"]],
    ['import "x"', ["2:1 PV1014 'import' starts no declaration: a policy is one file and includes no other"]],
    [
      'let a = 1',
      ["2:1 PV1029 'let' starts a statement, which stands inside the block of an 'on', 'every' or 'fn'"],
    ],
    ['}', ["2:1 PV1012 this '}' closes nothing"]],
    ['const = 1', ["2:7 PV1001 expected a name after 'const', found '='"]],
    ['const a 1', ["2:9 PV1001 expected '=' and a value, found '1'"]],
    ['const a =', ["2:10 PV1001 expected an expression after '=', found the end of the file"]],
    ['const for = 1', ["2:7 PV1018 'for' is a word of the language and cannot be a name here"]],
    ['param a = 1', ["2:9 PV1001 expected ':' and a type, found '='"]],
    ['param a: = 1', ["2:10 PV1001 expected a type, found '='"]],
    ['param a: u8', ["2:12 PV1001 expected '=' and a default, found the end of the file"]],
    ['param a: u8 = 1 in 5', ["2:21 PV1001 expected '..' and the largest value, found the end of the file"]],
    ['param a: u8 = 1 in 0..', ["2:23 PV1001 expected an expression after '..', found the end of the file"]],
    ['enum { A }', ["2:6 PV1001 expected a name after 'enum', found '{'"]],
    ['enum a { A B }', ["2:12 PV1001 expected ',' or the end of the line, found 'B'"]],
    ['enum a { 1 }', ["2:10 PV1001 expected the name of a member, found '1'"]],
    ['enum a { A,, B }', ["2:12 PV1001 expected the name of a member, found ','"]],
    ['table a: vm = 1', ["2:13 PV1001 expected '->' and the type of the values, found '='"]],
    [
      'table a: vm -> u8',
      ["2:18 PV1001 expected '=' and the value of keys that are not in the table, found the end of the file"],
    ],
    ['shared foo { }', ["2:8 PV1024 expected 'hint' or 'feedback' after 'shared', found 'foo'"]],
    [
      'shared hnt { a: u8 }',
      ["2:8 PV1024 expected 'hint' or 'feedback' after 'shared', found 'hnt'; did you mean 'hint'?"],
    ],
    ['shared { a: u8 }', ["2:8 PV1024 expected 'hint' or 'feedback' after 'shared', found '{'"]],
    ['state vcpu', ["2:11 PV1001 expected '{', found the end of the file"]],
    ['state vcpu {', ["2:13 PV1011 expected '}' to close the list of fields opened at line 2"]],
    ['state vcpu { a u8 }', ["2:16 PV1001 expected ':' and a type, found 'u8'"]],
    ['state vcpu { a: }', ["2:17 PV1001 expected a type after ':', found '}'"]],
    ['state vcpu { a }', ["2:16 PV1001 expected ':' and a type, found '}'"]],
    [
      'state vcpu { a: list of u8 }',
      ["2:28 PV1001 expected 'max' and the largest number of elements, found '}'"],
    ],
    ['state vcpu { a: ewma(1/8 of u8 }', ["2:26 PV1001 expected ')', found 'of'"]],
    ['state vcpu { a: u8 = 3 }', ["2:20 PV1001 expected ',' or the end of the line, found '='"]],
    [
      'state vcpu { a: u8 b: u8 c: u8 }',
      [
        "2:20 PV1001 expected ',' or the end of the line, found 'b'",
        "2:26 PV1001 expected ',' or the end of the line, found 'c'",
      ],
    ],
    [
      'enum e { a b = 3, c d }',
      [
        "2:12 PV1001 expected ',' or the end of the line, found 'b'",
        "2:21 PV1001 expected ',' or the end of the line, found 'd'",
      ],
    ],
    ['state vcpu { 5 }', ["2:14 PV1001 expected a field, 'NAME: TYPE', found '5'"]],
    ['counter', ["2:8 PV1001 expected a name after 'counter', found the end of the file"]],
    [
      'counter a per',
      ["2:14 PV1001 expected 'vm', 'vcpu', 'cpu' or 'task' after 'per', found the end of the file"],
    ],
    ['histogram a', ["2:12 PV1001 expected ':' and a type, found the end of the file"]],
    ['dsq', ["2:4 PV1001 expected a name after 'dsq', found the end of the file"]],
    ['fn a { }', ["2:6 PV1001 expected '(' and the parameters, found '{'"]],
    ['fn a(b) { }', ["2:7 PV1001 expected ':' and a type, found ')'"]],
    ['fn a(b: u8 c: u8) { }', ["2:12 PV1001 expected ',' or ')', found 'c'"]],
    ['fn a(b: u8 { }', ["2:11 PV1011 expected ')' to close the '(' opened at line 2"]],
    ['fn a() -> { }', ["2:11 PV1001 expected a type after '->', found '{'"]],
    ['fn a()', ["2:7 PV1001 expected '{', found the end of the file"]],
    ['on { }', ["2:4 PV1015 expected 'tracepoint', 'pvsched', 'op', 'init' or 'exit' after 'on', found '{'"]],
    [
      'on foo { }',
      [
        "2:4 PV1015 expected 'tracepoint', 'pvsched', 'op', 'init' or 'exit' after 'on', found 'foo'; a tracepoint is 'on tracepoint SYSTEM:NAME(…)'",
      ],
    ],
    [
      'on timer { }',
      [
        "2:4 PV1015 expected 'tracepoint', 'pvsched', 'op', 'init' or 'exit' after 'on', found 'timer'; a timer is 'every 10ms { … }'",
      ],
    ],
    [
      'on kprobe { }',
      [
        "2:4 PV1015 expected 'tracepoint', 'pvsched', 'op', 'init' or 'exit' after 'on', found 'kprobe'; functions have no hooks: their locks are not known, those of tracepoints are",
      ],
    ],
    [
      'on tracepiont a:b(c) { }',
      [
        "2:4 PV1015 expected 'tracepoint', 'pvsched', 'op', 'init' or 'exit' after 'on', found 'tracepiont'; did you mean 'tracepoint'?",
      ],
    ],
    [
      'on tracepoint sched_switch(a) { }',
      ["2:27 PV1001 expected ':' and the name of the tracepoint, found '('"],
    ],
    ['on tracepoint sched:(a) { }', ["2:21 PV1001 expected the name of the tracepoint after ':', found '('"]],
    ['on op { }', ["2:7 PV1001 expected the name of a callback after 'op', found '{'"]],
    ['on pvsched halt(v', ["2:18 PV1011 expected ')' to close the '(' opened at line 2"]],
    ['every { }', ["2:7 PV1001 expected an expression after 'every', found '{'"]],
    ['guest { let a = 1 }', ["2:9 PV1001 expected a declaration, found the keyword 'let'"]],
    ['invariant a { b }', ["2:15 PV1001 expected 'always' and a condition, found 'b'"]],
    ['invariant a { always }', ["2:22 PV1001 expected an expression, found '}'"]],
    [
      'const a = 1 const b = 2',
      ["2:13 PV1001 expected the end of the declaration, found the keyword 'const'"],
    ],
    [
      'state vcpu {\n    a: u8\n\non init { }',
      ["3:10 PV1011 expected '}' to close the list of fields opened at line 2"],
    ],
  ],
  statements: [
    ['let = 1', ["3:9 PV1001 expected a name after 'let', found '='"]],
    ['let a', ["3:10 PV1001 expected '=' and a value, found the end of the line"]],
    ['let a =', ["3:12 PV1001 expected an expression after '=', found the end of the line"]],
    ['let a: = 1', ["3:12 PV1001 expected a type, found '='"]],
    ['let on = 1', ["3:9 PV1018 'on' is a word of the language and cannot be a name here"]],
    ['let (a, b = f()', ["3:15 PV1001 expected ',' or ')', found '='"]],
    [
      'a',
      [
        '3:5 PV1022 this computes a value and drops it; a statement is a call, an assignment or starts with a keyword',
      ],
    ],
    [
      'a + 1',
      [
        '3:5 PV1022 this computes a value and drops it; a statement is a call, an assignment or starts with a keyword',
      ],
    ],
    ['a = ', ["3:8 PV1001 expected an expression after '=', found the end of the line"]],
    ['a = 1 2', ["3:11 PV1001 expected the end of the statement, found '2'"]],
    ['f() = 1', ['3:5 PV1023 only a variable, a field or an element of a collection can be assigned to']],
    ['1 = a', ['3:5 PV1023 only a variable, a field or an element of a collection can be assigned to']],
    ['f(', ["3:7 PV1011 expected ')' to close the '(' opened at line 3"]],
    ['f(a b)', ["3:9 PV1001 expected ',' or ')', found 'b'"]],
    ['f(a,,b)', ["3:9 PV1001 expected an argument, found ','"]],
    ['f(a))', ["3:9 PV1012 this ')' closes nothing"]],
    ['f(a', ["3:8 PV1011 expected ')' to close the '(' opened at line 3"]],
    ['f(for: )', ["3:12 PV1001 expected an expression after ':', found ')'"]],
    [
      'f(1..2)',
      ["3:7 PV1025 a range 'a..b' stands only after 'in', in a pattern of 'match' and in 'cpus(…)'"],
    ],
    ['a[1', ["3:8 PV1011 expected ']' to close the '[' opened at line 3"]],
    ['a[] = 1', ["3:7 PV1001 expected an expression after '[', found ']'"]],
    ['a.', ["3:7 PV1001 expected a name after '.', found the end of the line"]],
    ['a. = 1', ["3:8 PV1001 expected a name after '.', found '='"]],
    ['a = b.\nlet c = 1', ["3:11 PV1001 expected a name after '.', found the end of the line"]],
    ['if { }', ["3:8 PV1001 expected an expression after 'if', found '{'"]],
    ['if a', ["3:9 PV1001 expected '{', found the end of the line"]],
    ['if a b()', ["3:10 PV1001 expected '{', found 'b'"]],
    ['if a = 1 { }', ["3:10 PV1028 '=' assigns; to compare, write '=='"]],
    ['if a { } else b()', ["3:19 PV1001 expected '{', found 'b'"]],
    ['if a { }\nelse if { }', ["4:9 PV1001 expected an expression after 'if', found '{'"]],
    ['if let = a { }', ["3:12 PV1001 expected a name after 'let', found '='"]],
    ['if let v a { }', ["3:14 PV1001 expected '=' and a value that may be absent, found 'a'"]],
    ['else { }', ["3:5 PV1001 expected a statement, found the keyword 'else'"]],
    ['elif a { }', ["3:5 PV1026 'elif' starts no statement: write 'else if' on the line of the '}'"]],
    [
      'while a { f() }',
      ["3:5 PV1026 'while' starts no statement: every loop has a bound; write 'for i in 0..N { … }'"],
    ],
    ['switch a { 1 => f() }', ["3:5 PV1026 'switch' starts no statement; write 'match'"]],
    ['retrun a', ["3:5 PV1026 'retrun' starts no statement; did you mean 'return'?"]],
    ['for i { }', ["3:11 PV1001 expected 'in' and what to go through, found '{'"]],
    ['for i in { }', ["3:14 PV1001 expected an expression after 'in', found '{'"]],
    ['for in 0..3 { }', ["3:9 PV1001 expected a name after 'for', found the keyword 'in'"]],
    ['for i in 0.. { }', ["3:18 PV1001 expected an expression after '..', found '{'"]],
    ['for i in a max { }', ["3:20 PV1001 expected an expression after 'max', found '{'"]],
    ['match { }', ["3:11 PV1001 expected an expression after 'match', found '{'"]],
    ['match a { 1 f() }', ["3:17 PV1001 expected '=>' and a statement, found 'f'"]],
    ['match a { 1 => }', ["3:20 PV1001 expected a statement after '=>', found '}'"]],
    ['match a { => f() }', ["3:15 PV1001 expected a pattern, found '=>'"]],
    ['match a { 1 => f() 2 => g() }', ["3:24 PV1001 expected ',' or the end of the line, found '2'"]],
    ['defer', ["3:10 PV1001 expected an expression after 'defer', found the end of the line"]],
    ['return return', ["3:12 PV1001 expected the end of the statement, found the keyword 'return'"]],
    ['break 1', ["3:11 PV1001 expected the end of the statement, found '1'"]],
    ['log', ["3:8 PV1001 expected a text in double quotes after 'log', found the end of the line"]],
    ['log a', ["3:9 PV1001 expected a text in double quotes after 'log', found 'a'"]],
    [
      'log "a {b"',
      ["3:12 PV1001 expected '}' after an expression (a plain brace is '\\{'), found the end of the text"],
    ],
    ['log "a {}"', ['3:13 PV1001 expected an expression, found the text }"']],
    ['log "a {b c}"', ["3:15 PV1001 expected '}' after the expression, found 'c'"]],
    ['log "a {b.}"', ["3:15 PV1001 expected a name after '.', found the text }\""]],
    [
      'a = b < c < d',
      ["3:15 PV1017 comparisons cannot be chained; join two with '&&', as in 'a < b && b < c'"],
    ],
    [
      'a = b == c != d',
      ["3:16 PV1017 comparisons cannot be chained; join two with '&&', as in 'a < b && b < c'"],
    ],
    ['a = ? b : c', ["3:9 PV1001 expected an expression, found '?'"]],
    ['a = b ? c', ["3:14 PV1001 expected ':' and what holds otherwise, found the end of the line"]],
    ['a = (b', ["3:11 PV1011 expected ')' to close the '(' opened at line 3"]],
    ['a = ()', ["3:10 PV1001 expected an expression after '(', found ')'"]],
    ['a = b as', ["3:13 PV1001 expected a type after 'as', found the end of the line"]],
    ['a = b +', ["3:12 PV1001 expected an expression after '+', found the end of the line"]],
    ['a = * b', ["3:9 PV1001 expected an expression, found '*'"]],
    ['a++', ["3:6 PV1031 '++' is no operator here; write '+= 1'"]],
    [
      'fn g() { }',
      ["3:5 PV1021 'fn' declares something and stands at the top level of the file, not inside a block"],
    ],
    ['if a {\n        f()\n    g()', ["6:1 PV1011 expected '}' to close the block opened at line 3"]],
  ],
  tokens: [
    ['a = "b', ["3:9 PV1002 this text has no closing '\"' on its line"]],
    ['a = "b\\q"', ["3:11 PV1008 '\\q' is no escape; there are \\n \\t \\\" \\\\ and \\{"]],
    ['log "b\\q {c}"', ["3:11 PV1008 '\\q' is no escape; there are \\n \\t \\\" \\\\ and \\{"]],
    ["a = 'b'", ['3:9 PV1030 a text stands in plain double quotes, as in "text"']],
    ['a = b # c', ["3:11 PV1004 '#' has no meaning in a policy"]],
    ['a = b – c', ["3:11 PV1004 '–' has no meaning in a policy; did you mean '-'?"]],
    ['a =  b', ['3:9 PV1004 the character U+00A0 has no meaning in a policy; it only looks like a blank']],
    ['a = “b”', ['3:9 PV1030 a text stands in plain double quotes, as in "text"']],
    ['a = 5h', ["3:9 PV1006 '5h' is not a number: the units are ns, us, ms, s and m"]],
    ['a = 12abc', ["3:9 PV1006 '12abc' is not a number: the units are ns, us, ms, s and m"]],
    [
      'a = 100usec',
      ["3:9 PV1006 '100usec' is not a number: did you mean the unit 'us'? The units are ns, us, ms, s and m"],
    ],
    ['a = 0x', ["3:9 PV1006 '0x' is not a number: after 0x come the digits 0-9 and a-f"]],
    ['a = 0xfg', ["3:9 PV1006 '0xfg' is not a number: after 0x come the digits 0-9 and a-f"]],
    ['a = 1.2.3.4', ["3:13 PV1001 expected a name after '.', found '3.4'"]],
    ['a = 1.5ns', ['3:9 PV1007 1.5ns is not a whole number of nanoseconds, the smallest unit of time']],
    [
      'a = 99999999999999999999',
      [
        '3:9 PV1005 99999999999999999999 does not fit in 64 bits (the largest number is 18446744073709551615)',
      ],
    ],
    [
      'a = 99999999999s',
      ['3:9 PV1005 99999999999s does not fit in 64 bits (the largest number is 18446744073709551615)'],
    ],
    [
      'a = 1_000_000_000_000_000_000_000%',
      [
        '3:9 PV1005 1_000_000_000_000_000_000_000% does not fit in 64 bits (the largest number is 18446744073709551615)',
      ],
    ],
    ['a = b /* c', ["3:11 PV1003 this comment has no closing '*/'"]],
    ['a = \u0001b', ['3:9 PV1004 the character U+0001 has no meaning in a policy']],
    ['f("b, c)', ["3:7 PV1002 this text has no closing '\"' on its line"]],
    ['log "a {b', ["3:9 PV1002 this text has no closing '\"' on its line"]],
  ],
  'scenario items': [
    ['trace', ['3:10 PV1001 expected a text in double quotes, found the end of the line']],
    ['trace foo', ["3:11 PV1001 expected a text in double quotes, found 'foo'"]],
    [
      'trcae "a"',
      [
        "3:5 PV1016 expected 'trace', 'vm', 'assume', 'compare', 'set' or 'expect' in a scenario, found 'trcae'; did you mean 'trace'?",
      ],
    ],
    [
      'foo',
      [
        "3:5 PV1016 expected 'trace', 'vm', 'assume', 'compare', 'set' or 'expect' in a scenario, found 'foo'",
      ],
    ],
    ['vm = pid 1', ["3:8 PV1001 expected a name after 'vm', found '='"]],
    ['vm a pid 1', ["3:10 PV1001 expected '=' and 'comm', 'pid' or 'cgroup', found 'pid'"]],
    ['vm a = foo "b"', ["3:12 PV1001 expected 'comm', 'pid' or 'cgroup', found 'foo'"]],
    [
      'vm a = pid 1 |',
      ["3:19 PV1001 expected 'comm', 'pid' or 'cgroup' after '|', found the end of the line"],
    ],
    ['vm a = comm b', ["3:17 PV1001 expected a text in double quotes, found 'b'"]],
    [
      'assume on a always',
      ["3:12 PV1001 expected the name of a hint after 'assume', found the keyword 'on'"],
    ],
    ['assume b a always', ["3:14 PV1001 expected 'on' and the name of a VM, found 'a'"]],
    [
      'assume b on a',
      ["3:18 PV1001 expected 'for DURATION after HOOK' or 'always', found the end of the line"],
    ],
    [
      'assume b on a for 1ms',
      ["3:26 PV1001 expected 'after' and the name of a hook, found the end of the line"],
    ],
    [
      'assume b on a for 1ms after',
      ["3:32 PV1001 expected the name of a hook after 'after', found the end of the line"],
    ],
    [
      'compare',
      ["3:12 PV1001 expected 'eevdf', 'pinned' or the file of a policy, found the end of the line"],
    ],
    [
      'compare a,',
      ["3:15 PV1001 expected 'eevdf', 'pinned' or the file of a policy after ',', found the end of the line"],
    ],
    ['set a 1', ["3:11 PV1001 expected '=' and a value, found '1'"]],
    ['set = 1', ["3:9 PV1001 expected the name of a param or table after 'set', found '='"]],
    ['expect', ["3:11 PV1001 expected an expression after 'expect', found the end of the line"]],
    ['expect p99(a of) < 1', ["3:20 PV1001 expected the name of a VM after 'of', found ')'"]],
    [
      'let a = 1',
      [
        "3:5 PV1016 expected 'trace', 'vm', 'assume', 'compare', 'set' or 'expect' in a scenario, found the keyword 'let'",
      ],
    ],
  ],
};

const around: Readonly<Record<string, (text: string) => string>> = {
  'whole files': (text) => text,
  declarations: (text) => HEADER + text,
  statements: (text) => `${HEADER}on init {\n    ${text}\n}\n`,
  tokens: (text) => `${HEADER}on init {\n    ${text}\n}\n`,
  'scenario items': (text) => `${HEADER}scenario s {\n    ${text}\n}\n`,
};

describe.each(Object.entries(MISTAKES))('%s', (where, list) => {
  test.each(list)('%s', (text, expected) => {
    expect(messages(around[where]?.(text) ?? '')).toEqual(expected);
  });
});

describe('two mistakes are two messages', () => {
  test('in two statements', () => {
    expect(messages(`${HEADER}on init {\n    a =\n    let b\n}\n`)).toHaveLength(2);
  });
  test('in two declarations', () => {
    expect(messages(`${HEADER}param a u8 = 1\nparam b u8 = 2\n`)).toHaveLength(2);
  });
  test('in the head and in the body of a hook', () => {
    expect(messages(`${HEADER}on op enqueue(p flags) {\n    return return\n}\n`)).toHaveLength(2);
  });
});

describe('what is read in spite of a mistake', () => {
  test.each([
    ['parm a: u8 = 1', ['param']],
    ['param a u8 = 1', ['param']],
    ['state vcpu {\n    a: u8\n\non init { }', ['state', 'hook']],
    ['on init {\n    if a {\n        f()\n}\n\non exit { }', ['hook', 'hook']],
    ['on init {\n    f(a, b\n    g()\n}\nconst a = 1', ['hook', 'const']],
    ['foo {\n    bar\n}\nconst a = 1', ['error-decl', 'const']],
    ['}\n}\nconst a = 1', ['error-decl', 'const']],
  ])('%j', (text, kinds) => {
    expect(kindsOf(text)).toEqual(kinds);
  });

  test('the half of a statement that is there, which completion needs', () => {
    expect(plain(firstStatement('a.b.'))).toMatchObject({
      expr: { kind: 'member', object: { kind: 'member', member: 'b' }, member: '' },
    });
    expect(plain(firstStatement('boost(v, '))).toMatchObject({
      expr: { kind: 'call', callee: { name: 'boost' }, args: [{ value: { name: 'v' } }] },
    });
    expect(plain(firstStatement('if let v = '))).toMatchObject({
      kind: 'if-let',
      name: 'v',
      value: { kind: 'error' },
    });
  });
});

describe('fixes', () => {
  const fixed = (text: string): string => {
    const { diagnostics } = parse(text);
    const edits = diagnostics.flatMap((d) => d.fixes[0]?.edits ?? []);
    return edits.reduceRight((t, e) => t.slice(0, e.span.start) + e.newText + t.slice(e.span.end), text);
  };
  test.each([
    ['parm a: u8 = 1', 'param a: u8 = 1'],
    ['shared hnt { a: u8 }', 'shared hint { a: u8 }'],
    ['on tracepiont a:b(c) { }', 'on tracepoint a:b(c) { }'],
    ['scenario s {\n trcae "a"\n}', 'scenario s {\n trace "a"\n}'],
    ['on init { retrun }', 'on init { retrun }'],
    ['on init { retrun 1 }', 'on init { return 1 }'],
    ['on init { if a = 1 { } }', 'on init { if a == 1 { } }'],
    ['const a = "b', 'const a = "b"'],
    ["const a = 'b'", 'const a = "b"'],
    ['const a = 1 – 2', 'const a = 1 - 2'],
    ['const a = 100usec', 'const a = 100us'],
  ])('%s', (wrong, right) => {
    expect(fixed(HEADER + wrong)).toBe(HEADER + right);
  });
  test('a header is made for the target that the hooks ask for', () => {
    expect(fixed('on op enqueue(p) { }')).toBe('policy new_policy for sched_ext\n\non op enqueue(p) { }');
    expect(fixed('a for tracing')).toBe('policy a for tracing');
  });
});

const kindsOf = (text: string): string[] => parse(HEADER + text).file.decls.map((d) => d.kind);

function firstStatement(text: string): unknown {
  const [hook] = parse(`${HEADER}on init {\n    ${text}\n}\n`).file.decls;
  return hook?.kind === 'hook' ? hook.body.stmts[0] : undefined;
}

test('no more than 500 messages a file, and a note that there are more', () => {
  const { diagnostics } = parse(HEADER + 'param a u8 = 1\n'.repeat(1000));
  expect(diagnostics).toHaveLength(501);
  expect(diagnostics.at(-1)?.code).toBe('PV1020');
});

test('what is missing is reported where it is missing, with the place that it belongs to', () => {
  const { diagnostics } = parse(`${HEADER}on init {\n    f()\n`);
  expect(diagnostics[0]).toMatchObject({
    code: 'PV1011',
    related: [{ message: 'opened here', span: { start: HEADER.length + 8, end: HEADER.length + 9 } }],
  });
});
