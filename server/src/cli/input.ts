import { readFileSync } from 'node:fs';
import { LineIndex } from '../../../grammar/text.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import { decode } from '../workspace/decode.ts';
import { reason, Refusal } from './refusal.ts';

/** A file that was read: its text, or why it is none. */
export type Input =
  | { readonly ok: true; readonly file: string; readonly text: string }
  | { readonly ok: false; readonly file: string; readonly text: string; readonly problem: Diagnostic };

/** How `-` is called in messages. */
const STDIN = '<stdin>';

/** Reads a policy, or standard input for `-`. What cannot be read is a diagnostic, so that other files go on. */
export function readPolicy(path: string): Input {
  const file = path === '-' ? STDIN : path;
  const bytes = readBytes(path);
  if (typeof bytes === 'string') {
    const problem = diagnostic('PV8001', { start: 0, end: 0 }, { reason: bytes });
    return { ok: false, file, text: '', problem };
  }
  const { text, problem } = decode(bytes);
  if (!problem) return { ok: true, file, text };
  const lines = new LineIndex(text);
  const span = { start: lines.lineStart(problem.line), end: lines.lineEnd(problem.line) };
  return { ok: false, file, text, problem: diagnostic('PV8002', span, { reason: problem.reason }) };
}

/** The only operand of a command that takes one policy and needs it whole. */
export function onePolicy(operands: readonly string[]): { file: string; text: string } {
  const [path, more] = operands;
  if (path === undefined) throw new Refusal('which policy? Name a .pvpolicy file');
  if (more !== undefined) throw new Refusal(`one policy at a time; '${more}' is one too many`);
  const input = readPolicy(path);
  if (input.ok) return input;
  throw new Refusal(input.problem.message, input.file);
}

/** Standard input as text, whatever its bytes. */
export function readLogText(): string {
  const bytes = readBytes('-');
  if (typeof bytes === 'string') throw new Refusal(`cannot be read: ${bytes}`, STDIN);
  return new TextDecoder().decode(bytes);
}

function readBytes(path: string): Uint8Array | string {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    return reason(error);
  }
}
