import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { snapshot, type Snapshot } from '../server/src/pipeline.ts';
import { DEFAULTS } from '../server/src/workspace/settings.ts';
import { policyOfLines } from './bench/policies.ts';
import { edits, texts } from './support/edits.ts';
import { runs } from './support/runs.ts';

const policies = [
  ...readdirSync('examples', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pvpolicy'))
    .map((name) => readFileSync(`examples/${name}`, 'utf8')),
  policyOfLines(120),
];

const stop = (): boolean => false;

/** All that is known of names and expressions, as text, in the order of the text. */
function meanings({ model }: Snapshot): unknown {
  const place = ({ span }: { readonly span: { readonly start: number; readonly end: number } }): string =>
    `${span.start}-${span.end}`;
  return {
    names: [...model.names]
      .map(([ident, symbol]) => `${place(ident)} ${ident.text} ${symbol.kind}`)
      .toSorted(),
    types: [...model.types].map(([expr, type]) => `${place(expr)} ${expr.kind} ${type.kind}`).toSorted(),
    calls: [...model.calls].map(([call, { callee }]) => `${place(call)} ${callee.kind}`).toSorted(),
    constants: [...model.constants].map(([expr, value]) => `${place(expr)} ${value}`).toSorted(),
    handlers: model.handlers.map(({ decl, params }) => [
      place(decl),
      params.map(({ ident }) => place(ident)),
    ]),
  };
}

test('a snapshot that takes over what an edit left finds what one from scratch finds', () => {
  fc.assert(
    fc.property(fc.constantFrom(...policies), edits(10), fc.nat(3), (start, made, skipped) => {
      let current = snapshot(start, DEFAULTS);
      let count = 0;
      for (const text of texts(start, made)) {
        current = snapshot(text, DEFAULTS, current);
        // Of some versions only the tree is ever asked for, of some nothing, and some are left halfway, as under quick typing.
        count++;
        if (skipped > 0 && count % (skipped + 1) !== 0) {
          if (count % 3 === 0) void current.syntaxErrors;
          if (count % 3 === 1) for (let part = 0; part < count; part++) current.advance('diagnostics', stop);
          continue;
        }
        const whole = snapshot(text, DEFAULTS);
        expect(current.diagnostics).toEqual(whole.diagnostics);
        expect(meanings(current)).toEqual(meanings(whole));
      }
    }),
    { numRuns: runs(60) },
  );
});

test('a snapshot whose parts were taken over answers as before', () => {
  const text = policyOfLines(60);
  const first = snapshot(text, DEFAULTS);
  const before = [first.diagnostics, meanings(first)];
  const second = snapshot(text.replace('return true', 'let x = 1 / 0\n return true'), DEFAULTS, first);
  expect(second.diagnostics).not.toEqual(before[0]);
  expect([first.diagnostics, meanings(first)]).toEqual(before);
});

test('what an edit inside a body leaves is not looked at again', () => {
  const text = policyOfLines(60);
  const first = snapshot(text, DEFAULTS);
  void first.diagnostics;
  const { kernels, model } = first;
  // An unclosed block too: the text behind it is read as it stands.
  let current = first;
  for (const typed of ['if waited > 1ms ', 'if waited > 1ms {', 'if waited > 1ms { return true }']) {
    current = snapshot(text.replace('    return v', `    ${typed}\n    return v`), DEFAULTS, current);
    void current.diagnostics;
    // What the stages keep is kept by these.
    expect(current.kernels).toBe(kernels);
    expect(current.model.family).toBe(model.family);
  }
});

test('a fix that adds to another body stays at the end of it while that is edited', () => {
  const text = readFileSync('examples/unsafe/move_in_enqueue.pvpolicy', 'utf8');
  let current = snapshot(text, DEFAULTS);
  expect(current.diagnostics.flatMap(({ fixes }) => fixes).map(({ title }) => title)).toContain(
    "Move to 'on op dispatch'",
  );
  for (const typed of ['let a = 1\n    ', 'let a', '']) {
    const edited = text.replace('dispatch() {\n    ', `dispatch() {\n    ${typed}`);
    current = snapshot(edited, DEFAULTS, current);
    expect(current.diagnostics).toEqual(snapshot(edited, DEFAULTS).diagnostics);
  }
});

test('the stages can be reached part by part', () => {
  const text = policyOfLines(700);
  const current = snapshot(text, DEFAULTS);
  const parts = { tree: 0, model: 0, diagnostics: 0 };
  for (const stage of ['tree', 'model', 'diagnostics'] as const) {
    do parts[stage]++;
    while (!current.advance(stage, stop));
  }
  // A part for each body, at least, and for every few hundred lines of text.
  const bodies = text.match(/^(fn|every) /gmu)?.length ?? 0;
  expect(parts.tree).toBeGreaterThan(1);
  expect(parts.model).toBeGreaterThan(bodies);
  expect(parts.diagnostics).toBeGreaterThan(bodies);
  expect(current.diagnostics).toEqual(snapshot(text, DEFAULTS).diagnostics);
});
