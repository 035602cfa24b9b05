import type { InlayHint, Range } from 'vscode-languageserver';
import { changeOf, LineIndex } from '../../../grammar/text.ts';
import type { Snapshot } from '../pipeline.ts';
import type { SimulationReport } from './protocol.ts';

/** What a simulation found about the lines (zero-based) of a text. */
interface Run {
  readonly text: string;
  readonly found: ReadonlyMap<number, readonly string[]>;
  /** Of the first part of a trace, while the whole is at work. */
  readonly partial: boolean;
}

/** What the newest simulation of each open policy found, for clients that have no other place to show it. */
export class SimulationHints {
  private readonly runs = new Map<string, Run>();

  /** Takes the results of a run of `text`. */
  note(uri: string, text: string, report: SimulationReport, partial = false): void {
    this.runs.set(uri, { text, found: partial ? soFar(report) : foundIn(report), partial });
  }

  /** A run that began has come to nothing; true: something is forgotten. */
  forgetPartial(uri: string): boolean {
    return this.runs.get(uri)?.partial === true && this.runs.delete(uri);
  }

  forget(uri: string): void {
    this.runs.delete(uri);
  }

  /** Behind each line in `range` what was found about it; nothing behind lines that have changed since. */
  hints(uri: string, { text, lines }: Snapshot, { start, end }: Range): readonly InlayHint[] {
    const run = this.runs.get(uri);
    if (run === undefined) return [];
    const old = new LineIndex(run.text);
    const change = changeOf(run.text, text);
    return [...run.found].flatMap(([line, found]) => {
      const [first, last] = [old.lineStart(line), old.lineEnd(line)];
      const before = last < change.start;
      if (run.text !== text && !before && first <= change.end) return [];
      const position = lines.positionAt(before ? last : last + change.delta);
      if (position.line < start.line || position.line > end.line) return [];
      return [{ position, label: found.join(', '), paddingLeft: true }];
    });
  }
}

/** What the first part of a trace tells: how often lines ran, and what is broken already. */
function soFar(report: SimulationReport): Run['found'] {
  const { replay } = report;
  const invariants = replay.invariants.filter(({ ok }) => !ok);
  const found = foundIn({ ...report, expectations: [], replay: { ...replay, invariants } });
  return new Map([...found].map(([line, texts]) => [line, texts.map((text) => `${text} so far`)]));
}

function foundIn({ replay, expectations }: SimulationReport): Run['found'] {
  const found = new Map<number, string[]>();
  const add = (line: number, text: string): void =>
    void found.set(line - 1, [...(found.get(line - 1) ?? []), text]);
  for (const { line, fired } of replay.hooks) add(line, fired === 0 ? 'never fired' : `fired ${fired}×`);
  for (const { line, hits } of replay.lines) add(line, hits === 0 ? 'never ran' : `${hits}×`);
  for (const { line, ok, violations } of replay.invariants)
    add(line, ok ? '✓ always held' : `✗ broken ${violations.length}×`);
  for (const { line, ok, reason } of expectations)
    add(line, ok === null ? `? ${reason ?? 'no value'}` : ok ? '✓ holds' : '✗ does not hold');
  return found;
}
