// Neovim as docs/editors.md sets it up.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedSetup, environment, lineOf } from '../support/editors.ts';
import { lane, onPath } from '../support/lanes.ts';

const here = dirname(fileURLToPath(import.meta.url));

interface Message {
  readonly line: number;
  readonly code: string;
  readonly severity: number;
  readonly message: string;
}

/** What session.lua writes. */
interface Outcome {
  readonly problem?: string;
  readonly attached: boolean;
  readonly capabilities: readonly string[];
  readonly diagnostics: readonly Message[];
  readonly hook_hover: string;
  readonly call_hover: string;
  readonly fixes: readonly string[];
  readonly fixed?: string;
  readonly after_fix: string;
  readonly diagnostics_after_fix: readonly Message[];
  readonly completions: readonly string[];
  readonly formatted: string;
  readonly definition_line: number;
  readonly renamed: string;
  readonly symbols: readonly string[];
  readonly diagnostics_while_broken: readonly Message[];
  readonly diagnostics_at_end: readonly Message[];
  readonly stopped: boolean;
}

lane(
  'neovim',
  'Neovim',
  () => onPath('nvim'),
  (nvim) => {
    const scratch = mkdtempSync(join(tmpdir(), 'pvpolicy-neovim-'));
    const source = readFileSync(join(here, 'sample.pvpolicy'), 'utf8');
    let outcome: Outcome;

    beforeAll(async () => {
      writeFileSync(join(scratch, 'init.lua'), documentedSetup('Neovim', 'lua'));
      copyFileSync(join(here, 'sample.pvpolicy'), join(scratch, 'sample.pvpolicy'));
      const out = join(scratch, 'outcome.json');
      const env = { ...environment(scratch), PVPOLICY_OUT: out };
      const session = `luafile ${join(here, 'session.lua')}`;
      const { stderr } = await promisify(execFile)(
        nvim,
        ['--headless', '-n', '-u', join(scratch, 'init.lua'), 'sample.pvpolicy', '-c', session],
        { cwd: scratch, env, timeout: 110_000, killSignal: 'SIGKILL' },
      );
      outcome = JSON.parse(readFileSync(out, 'utf8')) as Outcome;
      console.log(transcript(outcome, stderr));
    });
    afterAll(() => rmSync(scratch, { recursive: true, force: true }));

    test('the session runs to its end', () => {
      expect(outcome.problem).toBeUndefined();
      expect(outcome.attached).toBe(true);
    });

    test('a boost straight from sched_switch is an error on its line', () => {
      const errors = outcome.diagnostics.filter(({ severity }) => severity === 1);
      expect(errors.map(({ code }) => code)).toEqual([expect.stringMatching(/^PV4\d{3}$/)]);
      expect(errors[0]?.line).toBe(lineOf(source, 'boost(v'));
    });

    test('hover tells the locks that the hook holds', () => {
      expect(outcome.hook_hover).toMatch(/sched_switch/);
      expect(outcome.hook_hover).toMatch(/rq/);
      expect(outcome.call_hover).toMatch(/boost/);
    });

    test('the quick fix defers the boost and the error is gone', () => {
      expect(outcome.fixed).toBeDefined();
      expect(outcome.after_fix).toContain('defer boost(v, FIFO, 8, for: limit)');
      expect(outcome.diagnostics_after_fix.filter(({ severity }) => severity === 1)).toEqual([]);
    });

    test('completion behind defer offers the actions that the target has', () => {
      expect(outcome.completions).toEqual(expect.arrayContaining(['boost', 'unboost', 'pin']));
      expect(outcome.completions).not.toContain('scx_bpf_kick_cpu');
    });

    test('formatting lays out the blocks', () => {
      expect(outcome.formatted).toContain('sched_switch(preempt, prev, next, prev_state) {\n');
      expect(outcome.formatted).toContain('\n    if let v = vcpu(next) {\n        defer boost(');
    });

    test('go to definition and rename know the param', () => {
      expect(outcome.definition_line).toBe(lineOf(source, 'param limit'));
      expect(outcome.renamed).toContain('param bound: duration');
      expect(outcome.renamed).toContain('for: bound)');
      expect(outcome.symbols).toContain('bound');
    });

    test('an error that is typed comes, and goes when it is taken back', () => {
      expect(outcome.diagnostics_while_broken.map(({ code }) => code)).toContainEqual(
        expect.stringMatching(/^PV\d{4}$/),
      );
      expect(outcome.diagnostics_at_end.filter(({ severity }) => severity === 1)).toEqual([]);
      expect(outcome.stopped).toBe(true);
    });
  },
);

function transcript(outcome: Outcome, stderr: string): string {
  const list = (messages: readonly Message[] | undefined) =>
    (messages ?? []).map(({ line, code, message }) => `  ${line + 1}: ${code} ${message}`).join('\n');
  return [
    'diagnostics:',
    list(outcome.diagnostics),
    `hover on the hook:\n${outcome.hook_hover}`,
    `hover on the call:\n${outcome.call_hover}`,
    `fixes: ${(outcome.fixes ?? []).join(', ')}`,
    `completion behind defer: ${(outcome.completions ?? []).join(', ')}`,
    `after format:\n${outcome.formatted}`,
    `after rename:\n${outcome.renamed}`,
    'while broken:',
    list(outcome.diagnostics_while_broken),
    ...(outcome.problem === undefined ? [] : [`problem: ${outcome.problem}`]),
    ...(stderr.trim() === '' ? [] : [`nvim said: ${stderr.trim()}`]),
  ].join('\n');
}
