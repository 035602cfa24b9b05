// What completion offers, by the place: with a real server for what a client sees, without one for every name of policies.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CompletionItem, CompletionList } from 'vscode-languageserver/node';
import { completion } from '../../server/src/lsp/completion.ts';
import { declaration } from '../../server/src/lsp/occurrences.ts';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { open } from './opened.ts';
import { repository, Session } from './session.ts';

let session: Session;
beforeAll(async () => {
  session = await Session.start();
});
afterAll(() => session.end());

const HEAD = `policy p for tracing
param limit: duration = 5ms in 1ms..10ms
enum Mode { FAST, SLOW }
shared hint { irqs_off: bool }
state vcpu { since: instant; mode: Mode }
counter boosts per vm
table weights: vm -> weight = 100
fn pick(v: vcpu, most: u32) -> Mode { return Mode.FAST }
`;
const inHook = (code: string): string =>
  `${HEAD}on tracepoint kvm:kvm_entry(vcpu_id, rip) {\n    if let v = current_vcpu() {\n        ${code}\n    }\n}\n`;
const inScenario = (line: string): string =>
  `${HEAD}scenario s {\n    trace "t"\n    vm web = comm "q"\n    ${line}\n}\n`;

async function itemsOf(source: string): Promise<readonly CompletionItem[]> {
  const { uri, at } = await open(session, source);
  return (await session.ask<CompletionList>('textDocument/completion', uri, at)).items;
}

const labels = async (source: string): Promise<readonly string[]> =>
  (await itemsOf(source)).map(({ label }) => label);

/** Places of types: each that is offered there can be written there. */
const TYPE_PLACES: readonly string[] = [
  'param x: <|> = 1',
  'tunable x: <|> = 1',
  'const x: <|> = 1',
  'table x: <|> -> u8 = 1',
  'table x: vm -> <|> = 1',
  'histogram x: <|>',
  'state task { x: <|> }',
  'state task { x: list of <|> max 2 }',
  'state task { x: ring of <|> max 2 }',
  'state task { x: ewma(1/8) of <|> }',
  'shared feedback { x: <|> }',
  'fn f(x: <|>) {}',
  'fn f() -> <|> {}',
  'invariant i(x: <|>) { always true }',
  'on init { let x: <|> = 1 }',
  'on init { let x = 1 as <|> }',
];

test.each(TYPE_PLACES)('every type that is offered is one there: %s', (place) => {
  const [before = '', behind = ''] = place.split('<|>');
  const at = (text: string) => snapshot(`policy p for sched_ext\nenum Mode { FAST }\n${text}\n`, DEFAULTS);
  const { items } = completion(at(place.replace('<|>', '')), { line: 2, character: before.length });
  expect(items).not.toEqual([]);
  const wrong = items.filter(({ label, insertText = label }) => {
    const plain = insertText.replace(/\$\{\d+:([^}]*)\}/gu, '$1');
    return at(before + plain + behind).diagnostics.some(({ code }) => /PV(?:1|2004|303[23])/u.test(code));
  });
  expect(wrong.map(({ label }) => label)).toEqual([]);
});

test('the body of a hook names what the target has', async () => {
  const bodyOf = async (source: string): Promise<string | undefined> =>
    (await itemsOf(source)).find(({ label }) => label === 'on')?.insertText;
  expect(await bodyOf('policy p for tracing\n<|>')).toBe('on ${1|tracepoint|} $0');
  expect(await bodyOf('policy p for pvsched\n<|>')).toBe('on ${1|tracepoint,pvsched|} $0');
  expect(await bodyOf('policy p for sched_ext\nguest { <|> }')).toBe('on ${1|tracepoint|} $0');
});

/** [place, text, what is offered among others, what is not]; with `null` for the rest: nothing else is. */
const PLACES: readonly (readonly [string, string, readonly string[], readonly string[] | null])[] = [
  ['the name of a policy', 'policy <|>', [], null],
  ['the header', 'policy p <|>', ['for'], null],
  ['behind the target', 'policy p for tracing <|>', ['requires kernel >='], null],
  ['the version', 'policy p for tracing requires kernel >= <|>', ['6.12', '7.3'], []],
  ['the name of a param', `${HEAD}param <|>`, [], null],
  ['the type of a param', `${HEAD}param x: <|>`, ['duration', 'Mode'], ['if', 'list of']],
  ['the value of a param', `${HEAD}param x: u8 = <|>`, ['min', 'FIFO'], ['if', 'defer boost', 'limit']],
  ['behind the value of a param', `${HEAD}param x: u8 = 5 <|>`, ['in'], null],
  ['the value of a table', `${HEAD}table t: vm -> Mode = <|>`, ['Mode.FAST'], ['if']],
  ['the name of a field', `${HEAD}state task {\n    <|>\n}`, [], null],
  ['the type of a field', `${HEAD}state task { x: <|> }`, ['duration', 'list of', 'ewma of'], ['if']],
  ['the start of a policy', '<|>', ['policy', 'param', 'dsq'], []],
  ['a declaration below a header', `${HEAD}<|>`, ['param', 'on'], ['policy', 'dsq']],
  ['a declaration of sched_ext', 'policy p for sched_ext\n<|>', ['dsq', 'on'], ['policy']],
  ['a hook of the guest', `${HEAD}guest {\n    on <|>\n}`, ['tracepoint', 'init', 'exit'], null],
  ['a hook of the guest, on sched_ext', 'policy p for sched_ext\nguest { on <|> }', ['tracepoint'], ['op']],
  ['what a counter of the guest is kept by', `${HEAD}guest { counter c per <|> }`, ['task', 'cpu'], null],
  ['what a counter is kept by', `${HEAD}counter c per <|>`, ['vm', 'vcpu', 'cpu', 'task'], null],
  ['behind the name of a counter', `${HEAD}counter c <|>`, ['per'], null],
  ['behind the type of a histogram', `${HEAD}histogram h: u8 <|>`, ['per'], null],
  ['behind the key of a table', `${HEAD}table t: vm <|>`, ['->'], null],
  ['behind the parameters of a function', `${HEAD}fn f(v: vcpu) <|>`, ['->'], null],
  ['the type of a result', `${HEAD}fn f(v: vcpu) -> <|>`, ['bool', 'Mode'], ['if']],
  ['the name of a parameter', `${HEAD}fn f(v: vcpu, <|>`, [], null],
  ['the type of a local', inHook('let x: <|>'), ['bool', 'Mode'], ['if']],
  ['the type of a cast', inHook('let x = 5 as <|>'), ['u8'], ['if']],
  ['whose state', `${HEAD}state <|>`, ['vm', 'vcpu', 'cpu', 'task'], null],
  ['the direction of what is shared', `${HEAD}shared <|>`, ['hint', 'feedback'], null],
  ['how much a list holds', `${HEAD}state task { x: list of cpu <|> }`, ['max'], null],
  ['the value of a member', `${HEAD}enum E { A = <|> }`, ['min'], ['if']],
  ['behind the name of a loop', inHook('for m <|>'), ['in'], null],
  ['the order of a queue', 'policy p for sched_ext\ndsq q <|>', ['fifo', 'vtime'], null],
  [
    'the parameters of a hook',
    `${HEAD}on tracepoint kvm:kvm_entry(<|>) {}`,
    ['vcpu', 'force_immediate_exit'],
    ['limit'],
  ],
  [
    'those that are left',
    `${HEAD}on tracepoint sched:sched_switch(a, <|>) {}`,
    ['prev', 'next'],
    ['preempt'],
  ],
  ['a statement', inHook('<|>'), ['if', 'defer boost', 'v', 'boosts'], ['else', 'break', 'PF_VCPU', 'true']],
  ['a statement in a loop', inHook('for i in 0..4 { <|> }'), ['break', 'continue'], []],
  ['behind an if', inHook('if true {} <|>'), ['else', 'else if'], []],
  ['a value', inHook('let x = <|>'), ['v', 'now', 'limit', 'true', 'PF_VCPU'], ['if', 'defer boost', 'else']],
  ['a value on the next line', inHook('let x = 1 +\n            <|>'), ['now', 'limit'], ['if', 'return']],
  ['a value of an enum', inHook('v.mode = <|>'), ['Mode.FAST', 'Mode.SLOW'], []],
  ['behind an enum', inHook('v.mode = Mode.<|>'), ['FAST', 'SLOW'], null],
  ['an arm of a match', inHook('match v.mode {\n            <|>\n        }'), ['Mode.FAST', '_'], ['if']],
  ['the statement of an arm', inHook('match v.mode { _ => <|> }'), ['if', 'defer boost'], ['_']],
  ['what a loop goes through', inHook('for m in <|>'), ['vms'], ['if']],
  ['an argument', inHook('defer boost(v, <|>)'), ['FIFO', 'for:', 'class:'], ['thread:', 'if']],
  ['an argument of a call that is not closed', inHook('defer boost(v, FIFO, 8, <|>'), ['for:'], ['class:']],
  ['an argument of an own function', inHook('let x = pick(v, <|>)'), ['most:', 'limit'], ['v:']],
  [
    'behind a dot, with a statement below',
    inHook('if !v.<|>\n            v.since = now()'),
    ['since'],
    ['if'],
  ],
  ['behind a dot in a text', inHook('log "a {v.<|>}"'), ['since'], ['if']],
  ['in the braces of a text', inHook('log "a {<|>}"'), ['v', 'limit'], ['if']],
  ['in a text', inHook('log "a <|>"'), [], null],
  ['in a number', inHook('let x = 5<|>'), [], null],
  ['in a comment of several lines', `${HEAD}/* a\n <|> */`, [], null],
  ['an invariant', `${HEAD}invariant i(v: vcpu) {\n    <|>\n}`, ['always'], null],
  ['a condition of it', `${HEAD}invariant i(v: vcpu) {\n    always <|>\n}`, ['waiting', 'v'], ['if', 'kick']],
  ['the guest', `${HEAD}guest {\n    <|>\n}`, ['on', 'fn', 'state'], ['scenario', 'policy', 'guest']],
  [
    'code of the guest',
    `${HEAD}guest {\n    on init {\n        <|>\n    }\n}`,
    ['hint'],
    ['boosts', 'defer'],
  ],
  ['a body on one line, not closed', `${HEAD}fn f(v: vcpu) -> bool { return <|>\n`, ['v', 'limit'], ['if']],
  ['a scenario', inScenario('<|>'), ['expect', 'vm', 'trace'], ['param']],
  ['a baseline', inScenario('compare <|>'), ['eevdf', 'pinned'], null],
  ['what is set', inScenario('set <|>'), ['limit', 'weights'], null],
  ['the key of an entry', inScenario('set weights[<|>]'), ['web'], ['expect']],
  ['how a VM is found', inScenario('vm other = <|>'), ['comm', 'pid', 'cgroup'], null],
  ['what is assumed', inScenario('assume <|>'), ['irqs_off'], null],
  ['of which VM', inScenario('assume irqs_off on <|>'), ['web'], null],
  ['for how long', inScenario('assume irqs_off on web <|>'), ['always', 'for'], null],
  ['what is expected', inScenario('expect <|>'), ['p99', 'switches', 'boosts'], ['expect', 'if']],
  ['of which metric', inScenario('expect p99(<|>'), ['wakeup_latency', 'boosts'], ['p99']],
  ['of which VM it is', inScenario('expect p99(steal of <|>'), ['web'], null],
  ['what it is held against', inScenario('expect p99(steal of web) < <|>'), ['baseline'], ['trace']],
];

test.each(PLACES)('%s', async (_, source, offered, not) => {
  const found = await labels(source);
  expect(found).toEqual(not === null && offered.length === 0 ? [] : expect.arrayContaining([...offered]));
  if (not === null && offered.length > 0 && !offered.includes('6.12'))
    expect(new Set(found)).toEqual(new Set(offered));
  for (const one of not ?? []) expect(found).not.toContain(one);
});

describe('an item', () => {
  test('of a hook brings parameters and a body, but not where they are', async () => {
    const at = async (source: string) =>
      (await itemsOf(source)).find(({ label }) => label === 'sched:sched_switch');
    expect((await at(`${HEAD}on tracepoint <|>`))?.insertText).toContain('(preempt, prev');
    const there = await at(`${HEAD}on tracepoint <|>sched_switch(preempt, prev) {}`);
    expect(there?.insertText ?? there?.label).toBe('sched:sched_switch');
  });

  test('is there once', async () => {
    const found = await labels(`${HEAD}on tracepoint sched:sched_switch(a, prev) {\n    prev.<|>\n}\n`);
    expect(found.toSorted()).toEqual([...new Set(found)].toSorted());
  });
});

test.each(['gallery/07_latency_class', 'gallery/02_preempt_holdoff', 'irq_boost'])(
  'in %s every name is offered where it stands, with nothing behind it',
  (name) => {
    const text = readFileSync(join(repository, `examples/${name}.pvpolicy`), 'utf8');
    const { model } = snapshot(text, DEFAULTS);
    const missing: string[] = [];
    for (const [ident, symbol] of model.names) {
      if (ident.text === '' || declaration(symbol) === ident) continue;
      const { start } = ident.span;
      const end = text.indexOf('\n', start);
      const cut = snapshot(text.slice(0, start) + text.slice(end), DEFAULTS);
      const { items } = completion(cut, cut.lines.positionAt(start));
      const fits = ({ label, filterText }: CompletionItem): boolean =>
        [label, filterText ?? ''].some((one) => one.split(/[.:]/u).includes(ident.text));
      if (!items.some(fits))
        missing.push(`${text.slice(text.lastIndexOf('\n', start) + 1, end)}: ${ident.text}`);
    }
    expect(missing).toEqual([]);
  },
);
