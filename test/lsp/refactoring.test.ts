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

describe('inline variable', () => {
  const policy = (body: string): string => `policy test for tracing

param base: duration = 1ms in 1ms..5ms
histogram waits: duration

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

  test.each([
    ['a clock', 'let <|>t = now()\n    waits.record(now() - t)'],
    ['a variable', 'var <|>t = 1ms\n    t += 1ms\n    waits.record(t)'],
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
