import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  CallHierarchyIncomingCall,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  DocumentLink,
  InlayHint,
  LinkedEditingRanges,
  Location,
  SelectionRange,
  SemanticTokens,
  SemanticTokensDelta,
} from 'vscode-languageserver';
import { open, textAt } from './opened.ts';
import { Session } from './session.ts';

let session: Session;
beforeAll(async () => {
  session = await Session.start();
});
afterAll(() => session.end());

const POLICY = `policy watch for tracing

enum Mode { CALM, BUSY }
const period = 3 * 5ms
state vcpu {
    since: instant
    mode: Mode
}

fn due(v: vcpu, least: duration) -> bool {
    return now() - v.since > least
}

on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if let v = vcpu(next) {
        let waited = now() - v.since
        if due(v, 5ms) && waited > period { v.mode = Mode.BUSY }
    }
}

every 10ms {
    for m in vms max 4 {
        for v in m.vcpus max 8 {
            if due(v, 1ms) { v.since = now() }
        }
    }
}

scenario one {
    trace "traces/a b.trace.gz"
    compare "other.pvpolicy"
}
`;

/** POLICY with marks around the nth place of a part. */
function around(part: string, nth = 1): string {
  let index = -1;
  for (let i = 0; i < nth; i++) index = POLICY.indexOf(part, index + 1);
  expect(index).toBeGreaterThanOrEqual(0);
  const end = index + part.length;
  return `${POLICY.slice(0, index)}<|>${POLICY.slice(index, end)}<|>${POLICY.slice(end)}`;
}

test('declaration is where a name is declared', async () => {
  const { uri, text, at } = await open(session, around('due', 2));
  const found = await session.ask<Location>('textDocument/declaration', uri, at);
  expect(found.range.start.line).toBe(text.slice(0, text.indexOf('fn due')).split('\n').length - 1);
});

describe('type definition', () => {
  test.each([
    ['an enum of a field', 'mode', 2, 'Mode'],
    ['an enum of a member', 'BUSY', 2, 'Mode'],
    ['the state of a vCPU', 'v.since', 1, 'vcpu'],
  ])('%s', async (_, part, nth, name) => {
    const { uri, text, at } = await open(session, around(part, nth));
    const found = await session.ask<Location | null>('textDocument/typeDefinition', uri, at);
    expect(found && textAt(text, found.range)).toBe(name);
  });

  test('none of what the language brings', async () => {
    const { uri, at } = await open(session, around('least'));
    expect(await session.ask('textDocument/typeDefinition', uri, at)).toBeNull();
  });
});

test('selection grows from the name to the file', async () => {
  const { uri, text, at } = await open(session, around('waited', 2));
  const [found] = await session.ask<SelectionRange[]>('textDocument/selectionRange', uri, undefined, {
    positions: [at],
  });
  const steps: string[] = [];
  for (let step = found; step; step = step.parent) steps.push(textAt(text, step.range));
  expect(steps.slice(0, 3)).toEqual(['waited', 'waited > period', 'due(v, 5ms) && waited > period']);
  expect(steps.at(-1)).toBe(text);
  for (let i = 1; i < steps.length; i++) expect(steps[i]).toContain(steps[i - 1]);
});

test.each([
  ['the arguments', 'fn f(n: u64) { f(1, 2 + <|>n) }', ['n', '2 + n', '1, 2 + n', 'f(1, 2 + n)']],
  ['a text', 'fn f() { signal("a <|>b") }', ['a b', '"a b"', 'signal("a b")']],
  ['a comment', 'fn f() {\n    // so <|>it\n    f()\n}', ['// so it', '// so it\n    f()']],
  [
    'the fields',
    'state vcpu { <|>a: u8; b: u8 }',
    ['a', 'a: u8', 'a: u8; b: u8', 'state vcpu { a: u8; b: u8 }'],
  ],
] as const)('selection takes in %s', async (_, decl, wanted) => {
  const { uri, text, at } = await open(session, `policy p for tracing\n${decl}\n`);
  const [found] = await session.ask<SelectionRange[]>('textDocument/selectionRange', uri, undefined, {
    positions: [at],
  });
  const steps: string[] = [];
  for (let step = found; step; step = step.parent) steps.push(textAt(text, step.range));
  expect(steps.slice(0, wanted.length)).toEqual(wanted);
});

test('the page of a hint is declared where its fields are', async () => {
  const source = `policy p for tracing
shared hint { busy: bool }
enum Mode { CALM }
fn f(v: vcpu) -> Mode { return v.<|>hint.busy ? Mode.CALM : <|>Mode.CALM }
`;
  const { uri, text, marks } = await open(session, source);
  const [page, type] = marks;
  const definition = await session.ask<Location>('textDocument/definition', uri, page);
  expect(definition.range.start).toEqual({ line: 1, character: 7 });
  const ofType = await session.ask<Location>('textDocument/typeDefinition', uri, type);
  expect([textAt(text, ofType.range), ofType.range.start.line]).toEqual(['Mode', 2]);
});

test('linked editing takes the uses of a local along, and nothing else', async () => {
  const { uri, text, at } = await open(session, around('waited'));
  const found = await session.ask<LinkedEditingRanges>('textDocument/linkedEditingRange', uri, at);
  expect(found.ranges.map((range) => textAt(text, range))).toEqual(['waited', 'waited']);
  const global = await open(session, around('period'));
  expect(await session.ask('textDocument/linkedEditingRange', global.uri, global.at)).toBeNull();
});

describe('call hierarchy', () => {
  test('who calls a function, and what a hook calls', async () => {
    const { uri, text, at } = await open(session, around('due', 2));
    const [item] = await session.ask<CallHierarchyItem[]>('textDocument/prepareCallHierarchy', uri, at);
    expect(item?.name).toBe('due');
    const incoming = await session.connection.sendRequest<CallHierarchyIncomingCall[]>(
      'callHierarchy/incomingCalls',
      { item },
    );
    expect(incoming.map(({ from }) => from.name)).toEqual(['sched:sched_switch', 'every 10ms']);
    expect(incoming.flatMap(({ fromRanges }) => fromRanges.map((range) => textAt(text, range)))).toEqual([
      'due',
      'due',
    ]);
    const outgoing = await session.connection.sendRequest<CallHierarchyOutgoingCall[]>(
      'callHierarchy/outgoingCalls',
      { item: incoming[1]?.from },
    );
    expect(outgoing.map(({ to }) => to.name)).toEqual(['due']);
  });

  test('an invariant calls, too', async () => {
    const { uri, at } = await open(
      session,
      'policy p for tracing\nfn <|>low(v: vcpu) -> bool { return v.id < 3 }\ninvariant few(v: vcpu) { always low(v) }\n',
    );
    const [item] = await session.ask<CallHierarchyItem[]>('textDocument/prepareCallHierarchy', uri, at);
    const incoming = await session.connection.sendRequest<CallHierarchyIncomingCall[]>(
      'callHierarchy/incomingCalls',
      { item },
    );
    expect(incoming.map(({ from }) => from.name)).toEqual(['few']);
  });
});

test('links lead to traces, other policies, hooks and the kernel', async () => {
  const { uri, text } = await open(session, POLICY);
  const links = await session.ask<DocumentLink[]>('textDocument/documentLink', uri);
  const targets = Object.fromEntries(links.map(({ range, target }) => [textAt(text, range), target]));
  expect(targets['traces/a b.trace.gz']).toBe('file:///opened/traces/a%20b.trace.gz');
  expect(targets['other.pvpolicy']).toBe('file:///opened/other.pvpolicy');
  expect(targets['sched_switch']).toMatch(/docs\/kernel\/hooks\.md$/u);
  expect(targets['tracing']).toMatch(/^https:/u);
});

test('inlay hints tell types, units, names of arguments and values', async () => {
  const { uri, text } = await open(session, POLICY);
  const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
  const hints = await session.ask<InlayHint[]>('textDocument/inlayHint', uri, undefined, { range });
  const lines = text.split('\n');
  const shown = hints.map(({ position, label }) => {
    const before = lines[position.line]?.slice(0, position.character) ?? '';
    return `${/\S+$/u.exec(before)?.[0] ?? ''}|${String(label)}`;
  });
  expect(shown).toContain('waited|: duration');
  expect(shown).toContain('v|: vcpu');
  expect(shown).toContain('m|: vm');
  expect(shown).toContain('next,|: task'.replace(',', ''));
  expect(shown).toContain('5ms| = 15ms');
  expect(shown).toContain('|least:');
  const none = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
  expect(await session.ask('textDocument/inlayHint', uri, undefined, { range: none })).toEqual([]);
});

test('semantic tokens come as what has changed', async () => {
  const { uri, text } = await open(session, POLICY);
  const first = await session.ask<SemanticTokens>('textDocument/semanticTokens/full', uri);
  const delta = (previousResultId: string | undefined) =>
    session.ask<SemanticTokensDelta | SemanticTokens>(
      'textDocument/semanticTokens/full/delta',
      uri,
      undefined,
      {
        previousResultId,
      },
    );
  const same = await delta(first.resultId);
  expect(same).toMatchObject({ edits: [] });
  const line = text.split('\n').length - 1;
  const end = { line, character: 0 };
  await session.change(uri, 2, [{ range: { start: end, end }, text: 'counter more per vm\n' }]);
  const changed = await delta(same.resultId);
  if (!('edits' in changed)) throw new Error('all tokens came');
  const data = [...first.data];
  for (const { start, deleteCount, data: put = [] } of changed.edits) data.splice(start, deleteCount, ...put);
  const whole = await session.ask<SemanticTokens>('textDocument/semanticTokens/full', uri);
  expect(data).toEqual(whole.data);
  expect(changed.edits[0]?.data?.length).toBeLessThan(20);
  expect(await delta('unknown')).toMatchObject({ data: whole.data });
});
