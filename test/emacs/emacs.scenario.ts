// Emacs with eglot, as docs/editors.md sets it up.
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedSetup, environment, lineOf } from '../support/editors.ts';
import { lane, onPath } from '../support/lanes.ts';

const here = dirname(fileURLToPath(import.meta.url));
const sample = join(here, '../neovim/sample.pvpolicy');

interface Message {
  readonly line: number;
  readonly error: boolean | null;
  readonly message: string;
}

/** Packages are there for who starts Emacs by hand. */
const PACKAGES = ['--eval', '(package-activate-all)'];

/** What session.el writes. */
interface Outcome {
  readonly problem?: string;
  readonly mode: string;
  readonly attached: boolean;
  readonly diagnostics: readonly Message[];
  readonly hover: string;
  readonly fixed?: string;
  readonly fixed_text: string;
  readonly clean: boolean;
  readonly completions: readonly string[];
  readonly formatted: string;
  readonly renamed: string;
  readonly broken: boolean;
  readonly stopped: boolean;
}

/** An Emacs that has eglot. */
function findEmacs(): string | undefined {
  const emacs = onPath('emacs');
  const has = emacs && spawnSync(emacs, ['--batch', ...PACKAGES, '--eval', "(require 'eglot)"]).status === 0;
  return has ? emacs : undefined;
}

lane('emacs', 'Emacs', findEmacs, (emacs) => {
  const scratch = mkdtempSync(join(tmpdir(), 'pvpolicy-emacs-'));
  const source = readFileSync(sample, 'utf8');
  let outcome: Outcome;

  beforeAll(async () => {
    const setup = join(scratch, 'setup.el');
    const out = join(scratch, 'outcome.json');
    writeFileSync(setup, documentedSetup('Emacs', 'elisp'));
    copyFileSync(sample, join(scratch, 'sample.pvpolicy'));
    const { stderr } = await promisify(execFile)(
      emacs,
      ['--batch', ...PACKAGES, '-l', setup, '-l', join(here, 'session.el')],
      {
        cwd: scratch,
        env: { ...environment(scratch), PVPOLICY_OUT: out },
        timeout: 110_000,
        killSignal: 'SIGKILL',
      },
    );
    outcome = JSON.parse(readFileSync(out, 'utf8')) as Outcome;
    console.log(`${JSON.stringify(outcome, null, 1)}\nemacs said: ${stderr.trim()}`);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test('the session runs to its end', () => {
    expect(outcome.problem).toBeUndefined();
    expect(outcome).toMatchObject({ mode: 'pvpolicy-mode', attached: true, stopped: true });
  });

  test('a boost straight from sched_switch is an error on its line', () => {
    const errors = outcome.diagnostics.filter(({ error }) => error === true);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.line).toBe(lineOf(source, 'boost(v'));
    expect(errors[0]?.message).toMatch(/PV4\d{3}/u);
  });

  test('hover tells the locks that the hook holds', () => {
    expect(outcome.hover).toMatch(/sched_switch/u);
    expect(outcome.hover).toMatch(/rq/u);
  });

  test('the quick fix defers the boost and the error is gone', () => {
    expect(outcome.fixed).toBeDefined();
    expect(outcome.fixed_text).toContain('defer boost(v, FIFO, 8, for: limit)');
    expect(outcome.clean).toBe(true);
  });

  test('completion, formatting and rename do their work', () => {
    expect(outcome.completions).toEqual(expect.arrayContaining(['boost', 'unboost', 'pin']));
    expect(outcome.formatted).toContain('\n    if let v = vcpu(next) {\n        defer boost(');
    expect(outcome.renamed).toContain('param bound: duration');
    expect(outcome.renamed).toContain('for: bound)');
  });

  test('an error that is typed comes', () => {
    expect(outcome.broken).toBe(true);
  });
});
