import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { IGrammar } from 'vscode-textmate';
import { parse } from '../../grammar/index.ts';
import { CONTEXTUAL_WORDS, isComment, RESERVED_WORDS, SIGN_TEXTS } from '../../grammar/tokens.ts';
import { highlight, loadGrammar } from './highlight.ts';

let grammar: IGrammar;
beforeAll(async () => {
  grammar = await loadGrammar();
});

/** The innermost scope of the piece «word» of a line. */
function scopeOf(marked: string): string | undefined {
  const [before = '', word = '', after = ''] = marked.split(/[«»]/);
  const line = highlight(grammar, before + word + after)[0] ?? [];
  let at = 0;
  for (const { text, scopes } of line) {
    if (at === before.length) expect(text).toBe(word);
    if (at === before.length) return scopes.at(-1);
    at += text.length;
  }
  return undefined;
}

const DECLARATION = 'keyword.declaration';
const CONTROL = 'keyword.control';
const SCENARIO = 'keyword.other.scenario';
const HOOK = 'storage.modifier.hook';
const TYPE = 'support.type';
const WORD = 'keyword.operator.wordlike';

const WORDS: Readonly<Record<string, readonly [string, string]>> = {
  policy: ['«policy» a for tracing', DECLARATION],
  requires: ['policy a for tracing «requires» kernel >= 6.12', DECLARATION],
  kernel: ['policy a for tracing requires «kernel» >= 6.12', 'keyword.other.kernel'],
  const: ['«const» a = 1', DECLARATION],
  param: ['«param» a: u8 = 1 in 0..9', DECLARATION],
  tunable: ['«tunable» a: u8 = 1', DECLARATION],
  enum: ['«enum» a { A }', DECLARATION],
  table: ['«table» a: vm -> u8 = 1', DECLARATION],
  shared: ['«shared» hint {', DECLARATION],
  state: ['«state» vcpu {', DECLARATION],
  counter: ['«counter» a per vm', DECLARATION],
  histogram: ['«histogram» a: duration', DECLARATION],
  dsq: ['«dsq» a vtime', DECLARATION],
  fn: ['«fn» a() {', DECLARATION],
  on: ['«on» op enqueue(p, flags) {', DECLARATION],
  every: ['«every» 10ms {', DECLARATION],
  guest: ['«guest» {', DECLARATION],
  invariant: ['«invariant» a {', DECLARATION],
  scenario: ['«scenario» a {', DECLARATION],
  per: ['counter a «per» vm', WORD],
  let: ['    «let» a = 1', 'storage.type'],
  var: ['    «var» a = 1', 'storage.type'],
  if: ['    «if» a {', CONTROL],
  else: ['    } «else» {', CONTROL],
  match: ['    «match» a {', CONTROL],
  for: ['    «for» a in b {', CONTROL],
  in: ['    for a «in» b {', CONTROL],
  break: ['    «break»', CONTROL],
  continue: ['    «continue»', CONTROL],
  return: ['    «return» a', CONTROL],
  defer: ['    «defer» unboost(v)', CONTROL],
  log: ['    «log» "a"', 'keyword.control.log'],
  max: ['    for v in m.vcpus «max» 8 {', CONTROL],
  as: ['    a = b «as» u8', WORD],
  has: ['    if flags «has» SCX_ENQ_WAKEUP {', WORD],
  true: ['    a = «true»', 'constant.language.boolean'],
  false: ['    a = «false»', 'constant.language.boolean'],
  none: ['    a = «none»', 'constant.language.none'],
  tracepoint: ['on «tracepoint» sched:sched_switch(a) {', HOOK],
  pvsched: ['on «pvsched» halt(v) {', HOOK],
  op: ['on «op» enqueue(p, flags) {', HOOK],
  init: ['on «init» {', HOOK],
  exit: ['on «exit» {', HOOK],
  ewma: ['    a: «ewma»(1/8) of duration', TYPE],
  list: ['    a: «list» of vcpu max 8', TYPE],
  ring: ['    a: «ring» of duration max 8', TYPE],
  of: ['    a: list «of» vcpu max 8', WORD],
  always: ['    «always» a < b', SCENARIO],
  trace: ['    «trace» "a.gz"', SCENARIO],
  vm: ['    «vm» a = pid 1', SCENARIO],
  assume: ['    «assume» a on b always', SCENARIO],
  after: ['    assume a on b for 300us «after» intr_inj', SCENARIO],
  compare: ['    «compare» eevdf', SCENARIO],
  set: ['    «set» a = 1', SCENARIO],
  expect: ['    «expect» p99(a of b) < 1ms', SCENARIO],
  comm: ['    vm a = «comm» "qemu"', SCENARIO],
  pid: ['    vm a = comm "qemu" | «pid» 3', SCENARIO],
  cgroup: ['    vm a = «cgroup» "/m"', SCENARIO],
};

describe('every word of the language has its color where it has its meaning', () => {
  test('all of them are here', () => {
    expect(Object.keys(WORDS).sort()).toEqual([...RESERVED_WORDS, ...CONTEXTUAL_WORDS].sort());
  });
  test.each(Object.entries(WORDS))('%s', (_, [line, scope]) => expect(scopeOf(line)).toBe(scope));
});

describe('and none where it is a name', () => {
  test.each(CONTEXTUAL_WORDS.filter((word) => word !== 'has'))('%s', (word) => {
    expect(scopeOf(`    a = «${word}» + 1`)).toBe('variable.other');
    expect(scopeOf(`    a = «${word}»(1)`)).toMatch(/^(?:entity\.name\.function\.call|support\.type)$/);
  });
  test.each([...RESERVED_WORDS, ...CONTEXTUAL_WORDS])('member and label %s', (word) => {
    expect(scopeOf(`    a = b.«${word}»`)).toBe('variable.other.property');
    if (!['true', 'false', 'none'].includes(word)) {
      expect(scopeOf(`    f(«${word}»: 1)`)).toBe('variable.parameter.label');
    }
  });
});

test.each([
  ['42', 'constant.numeric.integer'],
  ['1_000', 'constant.numeric.integer'],
  ['0xff', 'constant.numeric.hex'],
  ['0.3', 'constant.numeric.ratio'],
  ['FIFO', 'constant.other.caps'],
  ['SCX_KICK_IDLE', 'constant.other.caps'],
])('literal %s', (text, scope) => expect(scopeOf(`    a = «${text}»`)).toBe(scope));

test.each([
  ['    a = «500»us', 'constant.numeric.duration'],
  ['    a = 1.5«ms»', 'keyword.other.unit'],
  ['    a = «25»%', 'constant.numeric.ratio'],
  ['    a = 25«%»', 'keyword.other.unit'],
  ['    a = 25«%»b', 'keyword.operator.arithmetic'],
  ['    a = "b«\\n»"', 'constant.character.escape'],
  ['    a = "b«\\q»"', 'invalid.illegal.escape'],
  ['    log "b {«c»}"', 'variable.other'],
  ['    log "b «\\{»c}"', 'constant.character.escape'],
  ['    a = «scx_bpf_now»()', 'support.function.kernel'],
  ['    defer «boost»(v)', 'support.function.action'],
  ['/// «doc»', 'comment.line.documentation'],
  ['// «plain»', 'comment.line.double-slash'],
  ['//// «plain»', 'comment.line.double-slash'],
  ['    a: «duration»', TYPE],
  ['fn f(a: «vcpu», b: u8) -> u8 {', TYPE],
  ['fn f(a: vcpu, b: u8) -> «bool» {', TYPE],
  ['    a = b as «u64»', TYPE],
  ['state «vcpu» {', TYPE],
  ['    _ => «_»', 'keyword.operator.wildcard'],
])('%s', (line, scope) => {
  const marked = line.replace(/«(doc|plain)»/, '$1');
  if (marked === line) expect(scopeOf(line)).toBe(scope);
  else expect(highlight(grammar, marked)[0]?.at(-1)?.scopes.at(-1)).toBe(scope);
});

test.each(SIGN_TEXTS)('sign %s', (sign) => {
  const pieces = highlight(grammar, `    a ${sign} b`)[0] ?? [];
  const piece = pieces.find(({ text }) => text.trim() === sign);
  expect(piece?.scopes.at(-1)).toMatch(/^(?:keyword\.operator|punctuation)\./);
});

describe.each(['boost', 'classes', 'dense'])('the sample %s', (name) => {
  const text = readFileSync(new URL(`../grammar/samples/${name}.pvpolicy`, import.meta.url), 'utf8');

  test('has the colors that were reviewed', async () => {
    const lines = highlight(grammar, text).map((pieces) =>
      pieces
        .filter((piece) => piece.text.trim() !== '')
        .map((piece) => `${piece.text.trim()} ‹${piece.scopes.at(-1) ?? ''}›`)
        .join('  '),
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`${name}.scopes.txt`);
  });

  test('has comments where the parser has them', () => {
    const colored = highlight(grammar, text)
      .flat()
      .filter(({ scopes }) => scopes.some((scope) => scope.startsWith('comment')))
      .map((piece) => piece.text)
      .join('');
    const parsed = parse(text).tokens.filter((token) => isComment(token.tokenType));
    const plain = (s: string): string => s.replace(/\s/g, '');
    expect(plain(colored)).toBe(plain(parsed.map((token) => token.image).join('')));
  });

  test('leaves nothing but blanks without a color', () => {
    const bare = highlight(grammar, text)
      .flat()
      .filter(({ text: piece, scopes }) => scopes.length === 0 && piece.trim() !== '');
    expect(bare).toEqual([]);
  });
});
