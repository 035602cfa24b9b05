import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TextEdit } from 'vscode-languageserver';
import { snapshot } from '../../server/src/pipeline.ts';
import { DEFAULTS } from '../../server/src/workspace/settings.ts';
import { actionsAt, apply, open } from './opened.ts';
import { Session } from './session.ts';

let session: Session;
beforeAll(async () => {
  session = await Session.start();
});
afterAll(() => session.end());

const errors = (text: string): string[] =>
  snapshot(text, DEFAULTS)
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code, message }) => `${code} ${message}`);

const HEAD = `policy test for tracing

state vcpu {
    since: instant
}
counter late per vm

`;

describe('extract function', () => {
  test('of an expression, with the locals that it reads', async () => {
    const { run } = await actionsAt(
      session,
      `${HEAD}/// Watches.
on tracepoint sched:sched_switch(_p, _prev, next, _s) {
    if let v = vcpu(next) {
        let least = 5ms
        if <|>now() - v.since > least<|> { late[v.vm] += 1 }
        v.since = now()
    }
}
`,
    );
    const text = run('Extract into a function');
    expect(text).toContain(`fn extracted(v: vcpu, least: duration) -> bool {
    return now() - v.since > least
}

/// Watches.
on tracepoint`);
    expect(text).toContain('if extracted(v, least) { late');
    expect(errors(text)).toEqual([]);
  });

  test('of statements, at the level of the new body', async () => {
    const { run } = await actionsAt(
      session,
      `${HEAD}on tracepoint sched:sched_switch(_p, _prev, next, _s) {
    if let v = vcpu(next) {
        <|>late[v.vm] += 1
        v.since = now()<|>
    }
}
`,
    );
    const text = run('Extract into a function');
    expect(text).toContain('fn extracted(v: vcpu) {\n    late[v.vm] += 1\n    v.since = now()\n}\n');
    expect(text).toContain('        extracted(v)\n    }');
    expect(errors(text)).toEqual([]);
  });

  test.each([
    ['what returns', '<|>return<|>'],
    ['what declares a local that is used behind it', '<|>let x = now()<|>\n        v.since = x'],
    ['half an expression', 'v.since = no<|>w(<|>)'],
    ['what is assigned to', '<|>v.since<|> = now()'],
    ['a part of it', '<|>v<|>.since = now()'],
  ])('not of %s', async (_, body) => {
    const { titles } = await actionsAt(
      session,
      `${HEAD}on tracepoint sched:sched_switch(_p, _prev, next, _s) {
    if let v = vcpu(next) {
        ${body}
    }
}
`,
    );
    expect(titles).not.toContain('Extract into a function');
  });
});

test('statements are extracted with the comments around them', async () => {
  const { run } = await actionsAt(
    session,
    `${HEAD}on tracepoint sched:sched_switch(_p, _prev, next, _s) {
    if let v = vcpu(next) {
        <|>// Why.
        v.since = now() /* so */<|>
    }
}
`,
  );
  const text = run('Extract into a function');
  expect(text).toContain('fn extracted(v: vcpu) {\n    // Why.\n    v.since = now() /* so */\n}\n');
  expect(errors(text)).toEqual([]);
});

test.each([
  'param own: duration = <|>1ms<|> in 1ms..2ms',
  'const own = <|>1 + 2<|>',
  'every <|>10ms<|> {}',
  'scenario s {\n    trace "t"\n    expect <|>count(steal)<|> > 1\n}',
])('what has to be constant is not extracted: %s', async (decl) => {
  const { titles } = await actionsAt(session, `policy p for tracing\n${decl}\n`);
  expect(titles).not.toContain('Extract into a function');
});

test('the name of an enum, which is no value, is not extracted; a member of it is', async () => {
  const policy = (selected: string): string => `policy p for tracing
enum Mode { calm, busy }
state {
    mode: Mode
}
on init { mode = ${selected} }
`;
  const { titles } = await actionsAt(session, policy('<|>Mode<|>.busy'));
  expect(titles).not.toContain('Extract into a function');
  const { run } = await actionsAt(session, policy('<|>Mode.busy<|>'));
  const text = run('Extract into a function');
  expect(text).toContain('fn extracted() -> Mode {\n    return Mode.busy\n}\n');
  expect(errors(text)).toEqual([]);
});

describe('inline variable', () => {
  const policy = (body: string): string => `policy test for tracing

param base: duration = 1ms in 1ms..5ms
histogram waits: duration
state { seen: ring of duration max 8 }

every 10ms {
    ${body}
}
`;

  test('puts the value in its places', async () => {
    const { run } = await actionsAt(
      session,
      policy('let <|>twice = base + 1ms\n    waits.record(twice * 2)'),
    );
    const text = run("Inline 'twice'");
    expect(text).toBe(policy('waits.record((base + 1ms) * 2)'));
    expect(errors(text)).toEqual([]);
  });

  test('puts no parentheses where nothing is around it, and keeps what stands behind the let', async () => {
    const { run } = await actionsAt(
      session,
      policy('let <|>twice = base + 1ms // a moment\n    waits.record(twice)'),
    );
    expect(run("Inline 'twice'")).toBe(policy('// a moment\n    waits.record(base + 1ms)'));
  });

  test.each([
    ['a clock', 'let <|>t = now()\n    waits.record(now() - t)'],
    ['a variable', 'var <|>t = 1ms\n    t += 1ms\n    waits.record(t)'],
    [
      'what another local hides',
      'let a = 1ms\n    let <|>b = a\n    if base > a { let a = 2ms; waits.record(a + b) }',
    ],
    [
      'the length of a collection',
      'let <|>n = seen.len\n    seen.push(base)\n    if n > 2 { waits.record(base) }',
    ],
    ['what another local changes', 'var a = 1ms\n    let <|>b = a\n    a = 2ms\n    waits.record(b + a)'],
  ])('not of %s', async (_, body) => {
    expect((await actionsAt(session, policy(body))).titles.join()).not.toContain('Inline');
  });
});

test('a missing hook is added with the parameters of the kernel', async () => {
  const { titles, run } = await actionsAt(
    session,
    'policy <|>s for sched_ext\n\ndsq all\n\non op enqueue(p, flags) {\n    scx_bpf_dsq_insert(p, all, 1ms, flags)\n}\n',
  );
  expect(titles).not.toContain("Add 'on op enqueue'");
  const text = run("Add 'on op dispatch'");
  expect(text).toMatch(/\n\non op dispatch\(cpu, prev\) \{\n\}\n$/u);
  expect(errors(text).join()).not.toMatch(/PV[123]/u);
});

test('a missing hook brings no error of its own', async () => {
  const policies = [
    'policy <|>s for sched_ext\n',
    'policy <|>s for tracing\n',
    'policy <|>s for pvsched\n',
    'policy <|>s for sched_ext requires kernel >= 6.12\n',
  ];
  for (const policy of policies) {
    const before = errors(policy.replace('<|>', ''));
    const { titles, run } = await actionsAt(session, policy);
    const added = titles.filter((title) => title.startsWith("Add 'on "));
    expect(added).not.toEqual([]);
    // The patch set never calls it.
    expect(added).not.toContain("Add 'on pvsched intr_inj'");
    for (const title of added) expect([title, ...errors(run(title))]).toEqual([title, ...before]);
  }
});

describe('convert to pvsched', () => {
  const policy = (use: string): string => `policy <|>kick_in for tracing

state vcpu {
    since: instant
}

on tracepoint kvm:kvm_exit(vcpu, isa) {
    if let v = current_vcpu() { v.since = now() }${use}
}

on tracepoint sched:sched_switch(_p, _prev, next, _s) {
    if let v = vcpu(next) { v.since = now() }
}
`;
  const TITLE = "Convert to 'for pvsched' (no released kernel has it)";

  test('makes callbacks of what needs no tracepoint', async () => {
    const text = (await actionsAt(session, policy(''))).run(TITLE);
    expect(text).toContain('policy kick_in for pvsched');
    expect(text).toContain('on pvsched vmexit(_vcpu) {');
    expect(text).toContain('on tracepoint sched:sched_switch');
    expect(errors(text)).toEqual([]);
  });

  test('leaves a policy whose tracepoints give what it needs', async () => {
    expect((await actionsAt(session, policy('\n    if isa > 1 { return }'))).titles).not.toContain(TITLE);
  });
});

test('source.fixAll applies what has one fix, and is offered only when asked for', async () => {
  const source = 'policy x for tracing\n\nconst unused = 1\nconst other = 2\n<|>';
  const { run } = await actionsAt(session, source, ['source.fixAll']);
  expect(run('Fix all that has one fix').trim()).toBe('policy x for tracing');
  expect((await actionsAt(session, source)).titles).not.toContain('Fix all that has one fix');
});

describe('formatting', () => {
  const UGLY = `policy  x for tracing

param   a:duration=1ms   in 1ms..2ms
on init{
  let  b=a
    if b>1ms{
log "{b}"
    }
}
`;

  test('of a range changes its lines only', async () => {
    const { uri, text } = await open(session, UGLY);
    const range = { start: { line: 2, character: 0 }, end: { line: 3, character: 0 } };
    const edits = await session.ask<TextEdit[]>('textDocument/rangeFormatting', uri, undefined, {
      range,
      options: { tabSize: 4, insertSpaces: true },
    });
    const lines = UGLY.split('\n');
    lines[2] = 'param a: duration = 1ms in 1ms..2ms';
    expect(apply(text, edits)).toBe(lines.join('\n'));
  });

  test.each([
    [
      'a line end formats the line before',
      '\n',
      { line: 3, character: 0 },
      [2, 'param a: duration = 1ms in 1ms..2ms'],
    ],
    ['a brace formats its block', '}', { line: 7, character: 5 }, [6, '        log "{b}"']],
  ] as const)('%s', async (_, ch, position, [line, wanted]) => {
    const { uri, text } = await open(session, UGLY);
    const edits = await session.ask<TextEdit[]>('textDocument/onTypeFormatting', uri, position, {
      ch,
      options: { tabSize: 4, insertSpaces: true },
    });
    const lines = apply(text, edits).split('\n');
    expect(lines[line]).toBe(wanted);
    expect(lines[0]).toBe('policy  x for tracing');
  });
});

describe('a name that nothing declares', () => {
  const policy = (head: string, body: string): string =>
    `policy test for tracing\n\n${head}\n/// Why.\non tracepoint sched:sched_switch(_p, prev, next, _s) {\n    if let v = vcpu(next) {\n        ${body}\n    }\n}\n`;

  test.each([
    [
      "Declare 'seen' in 'state vcpu'",
      'state vcpu {\n    since: instant\n}\n',
      'v.<|>seen = now()\n        v.since = v.seen',
      'since: instant\n    seen: instant\n}',
    ],
    [
      "Declare 'hot' in 'state vcpu'",
      'state vcpu { since: instant }\n',
      'if !v.<|>hot { v.since = now() + 1ms; v.hot = true }\n        if now() > v.since { return }',
      'state vcpu { since: instant; hot: bool }',
    ],
    ["Declare 'ran' in 'state vm'", '', 'v.vm.<|>ran = now()', 'state vm {\n    ran: instant\n}\n\n/// Why.'],
    ["Declare the counter 'kicks'", '', '<|>kicks[v.vm] += 1', 'counter kicks per vm\n\n/// Why.'],
    ["Declare the counter 'kicks'", 'counter a\n', 'a += 1; <|>kicks += 1', 'counter a\ncounter kicks\n'],
    ["Declare the histogram 'waits'", '', '<|>waits[v].record(1ms)', 'histogram waits: duration per vcpu\n'],
    [
      "Declare the function 'calm'",
      '',
      '<|>calm(v, prev.pid, 1ms)',
      'fn calm(v: vcpu, pid: u32, p3: duration) {\n}\n',
    ],
    ["Declare the function 'calm'", '', 'if <|>calm(v) { return }', 'fn calm(v: vcpu) -> bool {\n}\n'],
  ])('%s', async (title, head, body, wanted) => {
    const { run } = await actionsAt(session, policy(head, body), ['quickfix']);
    const text = run(title);
    expect(text).toContain(wanted);
    expect(errors(text).join()).not.toMatch(/PV2/u);
  });

  const LATE = 'state vcpu { since: instant }\ncounter late\n';
  test.each([
    [
      "Declare the param 'least'",
      LATE,
      'if now() - v.since > <|>least { late += 1 }; v.since = now()',
      'policy test for tracing\n\nparam least: duration = 1ms\n\nstate',
    ],
    [
      "Declare the param 'least'",
      `${LATE}/// One.\ntunable most: u64 = 1\n`,
      'if prev.pid > most { late += <|>least }',
      'tunable most: u64 = 1\nparam least: u64 = 1\n',
    ],
    [
      "Declare the constant 'every_third'",
      `${LATE}const b = 2\n`,
      'if late / <|>every_third > b { return }; late += 1',
      'const b = 2\nconst every_third: u64 = 1\n',
    ],
    [
      "Declare the constant 'ready'",
      `param p: u32 = 1\n${LATE}`,
      'match prev.pid {\n            7 => {}\n            <|>ready => late += 1\n        }',
      'param p: u32 = 1\n\nconst ready: u32 = 1\nstate',
    ],
    [
      "Declare the local 'factor'",
      LATE,
      'if true {} else if now() - v.since > 1ms * <|>factor { late += 1; v.since = now() }',
      '        let factor: u64 = 1\n        if true {}',
    ],
    [
      "Declare the local 'wanted'",
      LATE,
      'if true { if !<|>wanted { late += 1; v.since = now() } }; if now() > v.since { return }',
      '{ let wanted: bool = false; if !wanted {',
    ],
    [
      "Declare the local 'most'",
      LATE,
      'match prev.pid {\n            1 => late += <|>most\n            _ => {}\n        }',
      '        let most: u64 = 1\n        match prev.pid {',
    ],
    [
      "Declare the local 'then'",
      LATE,
      '<|>then = now()\n        late += 1; v.since = then',
      'var then = now()',
    ],
    [
      "Declare 'then' in 'state'",
      LATE,
      '<|>then = now()\n        late += 1; v.since = then',
      'state {\n    then: instant\n}\n\n/// Why.',
    ],
    [
      "Declare 'then' in 'state'",
      `state { seen: u64 }\n${LATE}`,
      'seen = 1; if seen > 1 { late += 1 }; if now() > <|>then { v.since = now() }',
      'state { seen: u64; then: instant }',
    ],
    [
      "Declare the param 'how'",
      `enum How { A, B }\nstate vm { how: How }\n${LATE}`,
      'v.vm.how = <|>how; if v.vm.how == How.B { late += 1 }',
      'param how: How = How.A\n',
    ],
  ])('%s, of the type that its use asks for', async (title, head, body, wanted) => {
    const { run } = await actionsAt(session, policy(head, body), ['quickfix']);
    const text = run(title);
    expect(text).toContain(wanted);
    expect(errors(text)).toEqual([]);
  });

  test('is declared as what has to be known beforehand where it stands for that', async () => {
    const body = 'for i in 0..prev.pid max <|>most { if i > 3 { return } }';
    const { titles, run } = await actionsAt(session, policy('', body), ['quickfix']);
    expect(titles.filter((title) => title.startsWith('Declare'))).toEqual(["Declare the constant 'most'"]);
    expect(errors(run("Declare the constant 'most'"))).toEqual([]);
  });

  test('is nothing that is fixed without being asked for', async () => {
    const { run } = await actionsAt(session, policy(LATE, 'late += <|>most'), ['source.fixAll']);
    expect(errors(run('Fix all that has one fix'))).toEqual(["PV2001 nothing here is called 'most'"]);
  });

  test('is not declared where its place says too little', async () => {
    const { titles } = await actionsAt(session, policy('', 'v.id.<|>what = other.<|>thing'), ['quickfix']);
    expect(titles.filter((title) => title.startsWith('Declare'))).toEqual([]);
  });
});
