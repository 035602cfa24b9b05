import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  CodeAction,
  CompletionList,
  DocumentHighlight,
  DocumentSymbol,
  FoldingRange,
  Hover,
  Location,
  SemanticTokens,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { textAt } from './opened.ts';
import { marked, Session } from './session.ts';

let session: Session;
beforeAll(async () => {
  session = await Session.start({ initializationOptions: { lenses: true } });
});
afterAll(() => session.end());

let count = 0;
/** Opens a text with `<|>` marks; gives its URI, the text, and the positions of the marks. */
async function open(source: string) {
  const { text, marks } = marked(source);
  const uri = `file:///features/${count++}.pvpolicy`;
  await session.open(uri, text);
  const [at = { line: 0, character: 0 }] = marks;
  return { uri, text, marks, at };
}

const apply = (text: string, edits: readonly TextEdit[]): string =>
  TextDocument.applyEdits(TextDocument.create('file:///x', 'pvpolicy', 0, text), [...edits]);

const POLICY = `/// Watches switches.
policy watch for tracing

/// No boost outlives this.
param limit: duration = 5ms in 2ms..20ms
enum Mode { CALM, BUSY }
shared hint {
    /// Interrupts are off.
    irqs_off: bool
}
state vcpu {
    since: instant
}
counter switches per vm

/// Is it time?
fn due(v: vcpu) -> bool {
    return now() - v.since > limit
}

on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if let v = vcpu(next) {
        if due(v) && !v.hint.irqs_off { defer boost(v, FIFO, 8, for: limit) }
        v.since = now()
        switches[v.vm] += 1
    }
}
`;

/** POLICY with a mark at the nth place of a text. */
function at(part: string, nth = 1, offset = 0): string {
  let index = -1;
  for (let i = 0; i < nth; i++) index = POLICY.indexOf(part, index + 1);
  expect(index).toBeGreaterThanOrEqual(0);
  return `${POLICY.slice(0, index + offset)}<|>${POLICY.slice(index + offset)}`;
}

const hoverText = (hover: Hover | null): string =>
  hover && typeof hover.contents === 'object' && 'value' in hover.contents ? hover.contents.value : '';

describe('hover', () => {
  const ask = async (source: string): Promise<string> => {
    const { uri, at: position } = await open(source);
    return hoverText(await session.ask<Hover | null>('textDocument/hover', uri, position));
  };

  test.each([
    [
      'a param: declaration, range and doc',
      at('limit', 2),
      ['param limit: duration = 5ms in 2ms..20ms', 'No boost outlives this.'],
    ],
    ['a function: head and doc', at('due', 2), ['fn due(v: vcpu) -> bool', 'Is it time?']],
    ['a state field: scope and type', at('since', 2), ['state vcpu: since: instant']],
    ['a word of the language', at('defer'), ['`defer`', 'Leaves the hook first']],
    ['a duration', at('20ms'), ['20_000_000 ns']],
    ['a computed constant', 'policy p for tracing\nconst <|>wide = 0xff & ~0x0f\n', ['// 240']],
    [
      'a target, which has no type',
      'policy p for <|>pvsched\n',
      ['```pvpolicy\npvsched\n```', 'No released kernel'],
    ],
    ['an enum', 'policy p for tracing\nenum <|>Mode { FAST, SLOW }\n', ['FAST, SLOW']],
    [
      'a hint: that it is not to be trusted',
      at('irqs_off', 2),
      ['irqs_off: bool', 'Interrupts are off.', 'not to be trusted'],
    ],
    ['a local: its type', at('v)', 3), ['let v: vcpu']],
    ['a hook: what is held there', at('sched_switch'), ['sched_switch', 'rq', 'interrupts']],
    ['an action: what it does', at('boost('), ['boost(', 'for']],
    ['a built-in', at('now()'), ['now()']],
    ['a type', at('duration'), ['duration']],
    ['a built-in member', at('vm]'), ['vm']],
  ])('%s', async (_, source, parts) => {
    const text = await ask(source);
    for (const part of parts) expect(text).toContain(part);
  });

  test('a kfunc: prototype', async () => {
    const text = await ask(
      'policy s for sched_ext\n\non op dispatch(cpu, prev) {\n    <|>scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE)\n}\n',
    );
    expect(text).toMatch(/void scx_bpf_kick_cpu\(s32 cpu, u64 flags\)/u);
  });

  test('a kernel constant', async () => {
    const text = await ask(
      'policy s for sched_ext\n\non op dispatch(cpu, prev) {\n    scx_bpf_kick_cpu(cpu, <|>SCX_KICK_IDLE)\n}\n',
    );
    expect(text).toContain('SCX_KICK_IDLE');
  });

  test('nothing in comments, texts and empty space', async () => {
    expect(await ask('policy x for tracing\n// what <|>if\n')).toBe('');
    expect(await ask('policy x for tracing\non init { log "what <|>if" }\n')).toBe('');
    expect(await ask('<|>\n\npolicy x for tracing\n')).toBe('');
  });
});

describe('navigation', () => {
  test('definition', async () => {
    const { uri, at: position } = await open(at('limit', 3, 2));
    const found = await session.ask<Location>('textDocument/definition', uri, position);
    expect(found).toEqual({
      uri,
      range: { start: { line: 4, character: 6 }, end: { line: 4, character: 11 } },
    });
    const builtin = await open(at('now()'));
    expect(await session.ask('textDocument/definition', builtin.uri, builtin.at)).toBeNull();
  });

  test('references, with and without the declaration', async () => {
    const { uri, at: position } = await open(at('since', 2));
    const ask = (includeDeclaration: boolean) =>
      session.ask<Location[]>('textDocument/references', uri, position, { context: { includeDeclaration } });
    expect((await ask(true)).map(({ range }) => range.start.line)).toEqual([11, 17, 23]);
    expect((await ask(false)).map(({ range }) => range.start.line)).toEqual([17, 23]);
  });

  test('highlights tell writing from reading', async () => {
    const { uri, at: position } = await open(at('since', 2));
    const found = await session.ask<DocumentHighlight[]>('textDocument/documentHighlight', uri, position);
    expect(found.map(({ kind }) => kind)).toEqual([3, 2, 3]);
  });

  test('symbols nest, and each selection lies within its range', async () => {
    const { uri } = await open(POLICY);
    const found = await session.ask<DocumentSymbol[]>('textDocument/documentSymbol', uri);
    expect(found.map(({ name }) => name)).toEqual([
      'watch',
      'limit',
      'Mode',
      'shared hint',
      'state vcpu',
      'switches',
      'due',
      'sched:sched_switch',
    ]);
    expect(found.find(({ name }) => name === 'Mode')?.children?.map(({ name }) => name)).toEqual([
      'CALM',
      'BUSY',
    ]);
  });

  test('folding: bodies and comments', async () => {
    const { uri } = await open(POLICY);
    const found = await session.ask<FoldingRange[]>('textDocument/foldingRange', uri);
    const lines = found.map(({ startLine, endLine }) => [startLine, endLine]);
    expect(lines).toEqual(
      expect.arrayContaining([
        [6, 8],
        [16, 17],
        [20, 25],
        [21, 24],
      ]),
    );
  });
});

describe('edits', () => {
  test('folding: arguments', async () => {
    const { uri } = await open(
      'policy p for tracing\nfn f(n: u64) -> u64 {\n    return max(\n        n,\n        1,\n    )\n}\n',
    );
    const found = await session.ask<FoldingRange[]>('textDocument/foldingRange', uri);
    expect(found.map(({ startLine, endLine }) => [startLine, endLine])).toContainEqual([2, 4]);
  });

  test('formatting touches only what changes', async () => {
    const { uri, text } = await open(POLICY.replace('    if let v = vcpu(next) {', 'if let v=vcpu( next ){'));
    const edits = await session.ask<TextEdit[]>('textDocument/formatting', uri, undefined, {
      options: { tabSize: 4, insertSpaces: true },
    });
    expect(apply(text, edits)).toBe(POLICY);
    // Nothing but white space is replaced, and on that line only.
    expect(edits.map(({ range }) => range.start.line)).not.toContain(22);
    expect(edits.map(({ range }) => textAt(text, range)).join('')).toMatch(/^\s*$/u);
    const again = await open(POLICY);
    const none = await session.ask('textDocument/formatting', again.uri, undefined, {
      options: { tabSize: 4, insertSpaces: true },
    });
    expect(none).toEqual([]);
  });

  test('rename changes the declaration and every use', async () => {
    const { uri, text, at: position } = await open(at('limit', 3));
    const edit = await session.ask<WorkspaceEdit>('textDocument/rename', uri, position, { newName: 'bound' });
    expect(apply(text, edit.changes?.[uri] ?? [])).toBe(POLICY.replaceAll('limit', 'bound'));
  });

  test('rename refuses what is not ours, no name, and a name that is taken', async () => {
    const builtin = await open(at('now()'));
    await expect(session.ask('textDocument/prepareRename', builtin.uri, builtin.at)).rejects.toThrow(
      /not declared/u,
    );
    const { uri, at: position } = await open(at('limit', 2));
    const rename = (newName: string) => session.ask('textDocument/rename', uri, position, { newName });
    await expect(rename('2nd')).rejects.toThrow(/is no name/u);
    await expect(rename('_')).rejects.toThrow(/is no name/u);
    await expect(rename('switches')).rejects.toThrow(/is taken/u);
    await expect(rename('return')).rejects.toThrow(/would/u);
  });

  test('rename refuses a name that would mean something else somewhere', async () => {
    const source = at('limit', 2)
      .replace('let v = vcpu(next)', 'let cap = vcpu(next)')
      .replaceAll(/\bv\b(?=[.),])/gu, 'cap');
    const { uri, at: position } = await open(source.replace('due(v: vcpu)', 'due(cap: vcpu)'));
    await expect(session.ask('textDocument/rename', uri, position, { newName: 'cap' })).rejects.toThrow(
      /would/u,
    );
  });

  test('rename sees the error that it would make also where it takes another away', async () => {
    const source =
      'policy p for tracing\nconst a<|> = 1\non init {\n    let b = 1\n    log "{a} {b} {c}"\n}\n';
    const { uri, at: position } = await open(source);
    await expect(session.ask('textDocument/rename', uri, position, { newName: 'c' })).rejects.toThrow(
      /mean something else/u,
    );
    const broken = await open(
      'policy p for tracing\nconst a<|> = 1\nconst now2 = c\non init { log "{a} {now()}" }\n',
    );
    await expect(
      session.ask('textDocument/rename', broken.uri, broken.at, { newName: 'now' }),
    ).rejects.toThrow(/would be an error/u);
  });

  test('a quick fix makes an unsafe policy safe', async () => {
    const { uri, text, at: position } = await open(at('boost(').replace('defer ', ''));
    const actions = await session.ask<CodeAction[]>('textDocument/codeAction', uri, undefined, {
      range: { start: position, end: position },
      context: { diagnostics: [] },
    });
    const fix = actions.find(({ title }) => title.includes('defer'));
    expect(apply(text, fix?.edit?.changes?.[uri] ?? [])).toBe(POLICY);
  });
});

describe('completion', () => {
  const labels = async (source: string): Promise<readonly string[]> => {
    const { uri, at: position } = await open(source);
    const list = await session.ask<CompletionList>('textDocument/completion', uri, position);
    return list.items.map(({ label }) => label);
  };
  const inside = (code: string): string => POLICY.replace('        v.since = now()\n', `        ${code}\n`);

  test('in code: locals, own names, actions, built-ins', async () => {
    expect(await labels(inside('<|>'))).toEqual(
      expect.arrayContaining(['v', 'next', 'limit', 'due', 'switches', 'defer boost', 'now', 'if let']),
    );
  });

  test('behind a dot: what the value has', async () => {
    const found = await labels(inside('v.<|>'));
    expect(found).toEqual(expect.arrayContaining(['since', 'hint', 'vm', 'id']));
    expect(found).not.toContain('limit');
    expect(await labels(inside('v.hint.<|>'))).toEqual(['irqs_off']);
  });

  test('behind on: hooks of the kernel', async () => {
    expect(await labels(`${POLICY}\non tracepoint <|>`)).toContain('sched:sched_waking');
    const kvm = await labels(`${POLICY}\non tracepoint kvm:<|>`);
    expect(kvm).toContain('kvm_entry');
    expect(kvm).not.toContain('sched_switch');
  });

  test('types, targets, declarations', async () => {
    expect(await labels(`${POLICY}\nparam x: <|>`)).toEqual(
      expect.arrayContaining(['duration', 'bool', 'Mode']),
    );
    expect(await labels('policy x for <|>')).toEqual(['tracing', 'sched_ext', 'pvsched']);
    expect(await labels(`${POLICY}\n<|>`)).toEqual(expect.arrayContaining(['param', 'fn', 'scenario']));
  });

  test('nothing in comments and texts', async () => {
    expect(await labels(`${POLICY}\n// pa<|>`)).toEqual([]);
    expect(await labels(inside('log "v<|>'))).toEqual([]);
  });

  test('behind defer: the actions that the target has', async () => {
    const found = await labels(inside('defer <|>'));
    expect(found).toEqual(expect.arrayContaining(['boost', 'unboost', 'pin']));
    expect(found).not.toContain('kick');
    expect(found).not.toContain('v');
  });

  test('only calls that are safe in the hook', async () => {
    const dispatch = 'policy s for sched_ext\n\ndsq q fifo\n\non op dispatch(cpu, prev) {\n    <|>\n}\n';
    expect(await labels(dispatch)).toEqual(
      expect.arrayContaining(['scx_bpf_dsq_move_to_local', 'kick', 'defer boost']),
    );
    expect(await labels(inside('<|>'))).not.toContain('scx_bpf_dsq_move_to_local');
  });

  test('what is left out is listed with the reason once its name is begun', async () => {
    const { uri, at: position } = await open(
      'policy s for sched_ext\n\ndsq q fifo\n\non op enqueue(p, flags) {\n    scx_bpf_dsq_mo<|>\n}\n',
    );
    const { items } = await session.ask<CompletionList>('textDocument/completion', uri, position);
    const found = items.find(({ label }) => label === 'scx_bpf_dsq_move_to_local');
    expect(found?.detail).toMatch(/^not here: .*\(PV4\d{3}, .+\)$/u);
    expect(found?.tags).toEqual([1]);
    const action = await open(
      'policy t for tracing\n\non tracepoint sched:sched_switch(preempt, prev, next, prev_state) {\n    kic<|>\n}\n',
    );
    const ofActions = await session.ask<CompletionList>('textDocument/completion', action.uri, action.at);
    expect(ofActions.items.find(({ label }) => label === 'kick')?.detail).toBe(
      'not here: tracing has no such action; sched_ext has it',
    );
    // What is deferred is found by its own name.
    expect(ofActions.items.find(({ label }) => label === 'defer boost')?.filterText).toBe('boost');
    expect(
      items.toSorted((a, b) => (a.sortText ?? '').localeCompare(b.sortText ?? '')).at(-1)?.sortText,
    ).toMatch(/^9/u);
  });
});

describe('in the text', () => {
  test('signature help follows the arguments', async () => {
    const { uri, at: position } = await open(at('FIFO, 8', 1, 6));
    const help = await session.ask<SignatureHelp>('textDocument/signatureHelp', uri, position);
    expect(help.signatures[0]?.label).toMatch(/^boost\(thread: task, class/u);
    expect(help.activeParameter).toBe(2);
    const own = await open(at('due(v)', 1, 4));
    const ofFn = await session.ask<SignatureHelp>('textDocument/signatureHelp', own.uri, own.at);
    expect(ofFn.signatures[0]?.label).toBe('due(v: vcpu) -> bool');
  });

  test.each([
    ['a label before its turn', 'defer boost(v, for: <|>1ms, FIFO, 8)', 3, /^boost/u],
    ['a comma in a comment', 'defer boost(v /* , */, <|>FIFO)', 1, /^boost/u],
    ['a comma in a text', 'signal("a, b"<|>)', 0, /^signal/u],
    ['any number of arguments', 'for c in cpus(1, 2, <|>3) {}', 0, /^cpus\(cpu: cpu, …\)/u],
  ])('signature help knows %s', async (_, code, active, label) => {
    const source = `policy p for tracing\nfn f(v: vcpu) {\n    ${code}\n}\n`;
    const { uri, at: position } = await open(source);
    const help = await session.ask<SignatureHelp>('textDocument/signatureHelp', uri, position);
    expect(help.signatures[0]?.label).toMatch(label);
    expect(help.activeParameter).toBe(active);
  });

  test('signature help tells the parameters of a hook, and what a statistic is made of', async () => {
    const hook = await open('policy p for tracing\non tracepoint sched:sched_switch(a, <|>b) {}\n');
    const ofHook = await session.ask<SignatureHelp>('textDocument/signatureHelp', hook.uri, hook.at);
    expect(ofHook.signatures[0]?.label).toMatch(/^sched_switch\(preempt: bool, prev: task/u);
    expect(ofHook.activeParameter).toBe(1);
    const metric = await open('policy p for tracing\nscenario s {\n    expect p99(<|>steal) < 1ms\n}\n');
    const ofMetric = await session.ask<SignatureHelp>('textDocument/signatureHelp', metric.uri, metric.at);
    expect(ofMetric.signatures[0]?.label).toBe('p99(METRIC of VM)');
  });

  test('semantic tokens name what the legend has, in the order of the text', async () => {
    const { uri, text } = await open(POLICY);
    const { data } = await session.ask<SemanticTokens>('textDocument/semanticTokens/full', uri);
    const legend = session.initialized.capabilities.semanticTokensProvider?.legend.tokenTypes ?? [];
    const lines = text.split('\n');
    let line = 0;
    let character = 0;
    const tokens: string[] = [];
    for (let i = 0; i < data.length; i += 5) {
      const [ahead = 0, along = 0, length = 0, type = 0] = data.slice(i, i + 4);
      character = ahead === 0 ? character + along : along;
      line += ahead;
      tokens.push(`${lines[line]?.slice(character, character + length)} ${legend[type]}`);
    }
    expect(tokens).toEqual(
      expect.arrayContaining([
        'limit variable',
        'due function',
        'since property',
        'sched_switch event',
        'v parameter',
      ]),
    );
    expect(tokens[0]).toBe('watch namespace');
  });

  test('lenses offer to compile and to simulate', async () => {
    const { uri } = await open(`${POLICY}\nscenario busy {\n    trace "x.txt"\n}\n`);
    const lenses = await session.ask<{ command: { command: string; arguments: unknown[] } }[]>(
      'textDocument/codeLens',
      uri,
    );
    expect(lenses.map(({ command }) => [command.command, command.arguments])).toEqual([
      ['pvpolicy.compile', [uri]],
      ['pvpolicy.simulate', [uri]],
      ['pvpolicy.simulate', [uri, 'busy']],
    ]);
  });
});

describe('a broken text', () => {
  // What a person has while typing: each prefix, and the text without each of its lines.
  const lines = POLICY.split('\n');
  const texts = [
    ...Array.from({ length: 60 }, (_, i) => POLICY.slice(0, Math.floor((POLICY.length * i) / 60))),
    ...lines.map((_, i) => lines.toSpliced(i, 1).join('\n')),
  ];

  test('breaks no request', async () => {
    session.logged.length = 0;
    for (const [i, text] of texts.entries()) {
      const uri = `file:///broken/${i}.pvpolicy`;
      await session.open(uri, text);
      const end = { line: text.split('\n').length - 1, character: text.split('\n').at(-1)?.length ?? 0 };
      const range = { start: { line: 0, character: 0 }, end };
      await Promise.all([
        session.ask('textDocument/hover', uri, end),
        session.ask('textDocument/completion', uri, end),
        session.ask('textDocument/signatureHelp', uri, end),
        session.ask('textDocument/definition', uri, end),
        session.ask('textDocument/documentHighlight', uri, end),
        session.ask('textDocument/documentSymbol', uri),
        session.ask('textDocument/foldingRange', uri),
        session.ask('textDocument/semanticTokens/full', uri),
        session.ask('textDocument/codeLens', uri),
        session.ask('textDocument/formatting', uri, undefined, {
          options: { tabSize: 4, insertSpaces: true },
        }),
        session.ask('textDocument/codeAction', uri, undefined, { range, context: { diagnostics: [] } }),
      ]);
      await session.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    }
    expect(session.logged.filter((message) => message.includes('A bug'))).toEqual([]);
  });
});
