import { describe, expect, test } from 'vitest';
import { parse } from '../../grammar/index.ts';
import { decls, plain } from './support.ts';

const named = (name: string): object => ({ kind: 'named-type', name });
const int = (value: number): object => ({ kind: 'int', value: `${value}n` });
const field = (name: string, type: string): object => ({ kind: 'field', name, type: named(type) });
const block = { kind: 'block', stmts: [] };

describe('header', () => {
  test.each([
    ['policy a for pvsched', { name: 'a', target: 'pvsched' }],
    ['policy a for sched_ext requires kernel >= 6.12', { requires: { version: '6.12' } }],
    ['policy a for sched_ext\n    requires kernel >= 6.12.5', { requires: { version: '6.12.5' } }],
    ['policy a for tracing requires kernel >= 7', { requires: { version: '7' } }],
    ['policy a for tracing requires kernel >= 7.10', { requires: { version: '7.10' } }],
  ])('%s', (text, part) => {
    const { file, diagnostics } = parse(text);
    expect(diagnostics).toEqual([]);
    expect(plain(file.header)).toMatchObject(part);
  });
});

describe('declarations', () => {
  test.each<[string, object]>([
    ['const a = 1', { kind: 'const', name: 'a', value: int(1) }],
    ['const a: u8 = 1', { kind: 'const', name: 'a', type: named('u8'), value: int(1) }],
    ['param a: u8 = 1', { kind: 'param', tunable: false, name: 'a', type: named('u8'), value: int(1) }],
    [
      'tunable a: u8 = 1 in 0..9',
      {
        kind: 'param',
        tunable: true,
        name: 'a',
        type: named('u8'),
        value: int(1),
        range: { lo: int(0), hi: int(9) },
      },
    ],
    [
      'enum a { b, c = 2\n d }',
      {
        kind: 'enum',
        name: 'a',
        members: [
          { kind: 'enum-member', name: 'b' },
          { kind: 'enum-member', name: 'c', value: int(2) },
          { kind: 'enum-member', name: 'd' },
        ],
      },
    ],
    [
      'table a: vm -> u8 = 1',
      { kind: 'table', name: 'a', key: named('vm'), value: named('u8'), fallback: int(1) },
    ],
    [
      'shared hint { a: u8\n b: bool; c: u64, d: u8 }',
      {
        kind: 'shared',
        direction: 'hint',
        fields: [field('a', 'u8'), field('b', 'bool'), field('c', 'u64'), field('d', 'u8')],
      },
    ],
    ['shared feedback { }', { kind: 'shared', direction: 'feedback', fields: [] }],
    ['state vcpu { a: u8 }', { kind: 'state', scope: 'vcpu', fields: [field('a', 'u8')] }],
    ['state { on: u8\n for: u8 }', { kind: 'state', fields: [field('on', 'u8'), field('for', 'u8')] }],
    ['counter a', { kind: 'counter', name: 'a' }],
    ['counter a per vm', { kind: 'counter', name: 'a', per: 'vm' }],
    ['histogram a: duration', { kind: 'histogram', name: 'a', type: named('duration') }],
    [
      'histogram a: duration per vcpu',
      { kind: 'histogram', name: 'a', type: named('duration'), per: 'vcpu' },
    ],
    ['dsq a', { kind: 'dsq', name: 'a' }],
    ['dsq a vtime', { kind: 'dsq', name: 'a', order: 'vtime' }],
    ['fn a() { }', { kind: 'fn', name: 'a', params: [], body: block }],
    [
      'fn a(b: u8,\n c: u8,) -> vcpu? { }',
      {
        kind: 'fn',
        name: 'a',
        params: [field('b', 'u8'), field('c', 'u8')],
        result: { kind: 'optional-type', inner: named('vcpu') },
        body: block,
      },
    ],
    [
      'on tracepoint sched:sched_switch(_, prev) { }',
      {
        kind: 'hook',
        hook: { kind: 'hook-ref', family: 'tracepoint', system: 'sched', name: 'sched_switch' },
        params: ['_', 'prev'],
        body: block,
      },
    ],
    [
      'on pvsched halt(v) { }',
      {
        kind: 'hook',
        hook: { kind: 'hook-ref', family: 'pvsched', name: 'halt' },
        params: ['v'],
        body: block,
      },
    ],
    [
      'on op exit(info) { }',
      { kind: 'hook', hook: { kind: 'hook-ref', family: 'op', name: 'exit' }, params: ['info'], body: block },
    ],
    ['on init { }', { kind: 'hook', hook: { kind: 'hook-ref', family: 'init' }, params: [], body: block }],
    ['on exit { }', { kind: 'hook', hook: { kind: 'hook-ref', family: 'exit' }, params: [], body: block }],
    ['every 10ms { }', { kind: 'every', period: { kind: 'duration', value: '10000000n' }, body: block }],
    ['guest { const a = 1 }', { kind: 'guest', decls: [{ kind: 'const', name: 'a', value: int(1) }] }],
    [
      'invariant a(v: vcpu) { always b\n always c }',
      {
        kind: 'invariant',
        name: 'a',
        params: [field('v', 'vcpu')],
        always: [
          { kind: 'name', name: 'b' },
          { kind: 'name', name: 'c' },
        ],
      },
    ],
  ])('%s', (text, tree) => expect(plain(decls(text))).toEqual([tree]));
});

describe('types', () => {
  const type = (text: string): unknown => plain(decls(`state { a: ${text} }`)[0]);
  const is = (tree: object): object => ({ fields: [{ type: tree }] });

  test.each<[string, object]>([
    ['u8?', { kind: 'optional-type', inner: named('u8') }],
    [
      'ewma(1/8) of duration',
      {
        kind: 'ewma-type',
        alpha: { kind: 'binary', op: '/', left: int(1), right: int(8) },
        of: named('duration'),
      },
    ],
    ['list of vcpu max 8', { kind: 'list-type', of: named('vcpu'), max: int(8) }],
    [
      'ring of duration max N',
      { kind: 'ring-type', of: named('duration'), max: { kind: 'name', name: 'N' } },
    ],
    ['list', named('list')],
  ])('%s', (text, tree) => expect(type(text)).toMatchObject(is(tree)));
});

test('a scenario, line by line', () => {
  const text = `scenario s {
    trace "t.gz"
    vm a = comm "q*" | pid 3 | cgroup "/m/*"
    assume h on a for 300us after intr_inj
    assume h = 3 on a always
    compare eevdf, pinned,
        "other.pvpolicy"
    set p = 10
    expect max(runqueue_delay of a) < 50ms
}`;
  const string = (value: string): object => ({ kind: 'string', value });
  const selector = (by: string, value: object): object => ({ kind: 'vm-selector', by, value });
  expect(plain(decls(text))).toMatchObject([
    {
      kind: 'scenario',
      name: 's',
      items: [
        { kind: 'trace', path: string('t.gz') },
        {
          kind: 'vm',
          name: 'a',
          selectors: [
            selector('comm', string('q*')),
            selector('pid', int(3)),
            selector('cgroup', string('/m/*')),
          ],
        },
        { kind: 'assume', field: 'h', vm: 'a', when: { kind: 'after', hook: 'intr_inj' } },
        { kind: 'assume', field: 'h', value: int(3), vm: 'a', when: { kind: 'always' } },
        { kind: 'compare', baselines: ['eevdf', 'pinned', string('other.pvpolicy')] },
        { kind: 'set', param: 'p', value: int(10) },
        { kind: 'expect', condition: { kind: 'binary', op: '<' } },
      ],
    },
  ]);
});

describe('doc comments', () => {
  test('belong to what follows: header, declaration, field, member, parameter', () => {
    const { file } = parse(`/// Of the header,
///   in two lines.
policy p for tracing

/// Of the state.
// An ordinary comment between.
state {
    /// Of the field.
    a: u8
}
enum e {
    /// Of the member.
    A
}
fn f(
    /// Of the parameter.
    a: u8,
) { }
//// No documentation.
const c = 1
`);
    const [state, e, f, c] = file.decls;
    expect(file.header?.doc).toBe('Of the header,\n  in two lines.');
    expect(state?.doc).toBe('Of the state.');
    expect(state?.kind === 'state' && state.fields[0]?.doc).toBe('Of the field.');
    expect(e?.kind === 'enum' && e.members[0]?.doc).toBe('Of the member.');
    expect(f?.kind === 'fn' && f.params[0]?.doc).toBe('Of the parameter.');
    expect(c?.doc).toBeUndefined();
  });
});

test('a byte order mark and any line end are read', () => {
  for (const eol of ['\n', '\r\n', '\r']) {
    const text = `\uFEFFpolicy p for tracing${eol}const a = 1${eol}const b = 2${eol}`;
    const { file, diagnostics } = parse(text);
    expect(diagnostics).toEqual([]);
    expect(file.decls.map((d) => d.kind)).toEqual(['const', 'const']);
  }
});
