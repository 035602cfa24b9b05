import type { Connection } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { snapshot, type Snapshot } from '../pipeline.ts';
import type { Settings } from '../workspace/settings.ts';
import { report } from './guard.ts';
import { carryOver, toLsp, type Docs } from './publish.ts';
import type { Timings } from './timings.ts';

/** An open policy: its newest text, and the diagnostics of the text that was last analysed in full. */
interface Open {
  readonly version: number;
  readonly snapshot: Snapshot;
  readonly analysed: { readonly text: string; readonly rest: readonly Diagnostic[] };
  readonly pending: { cancel(): void };
}

const NOTHING: Open['analysed'] = { text: '', rest: [] };

/** ms; a run longer than SLOW is begun only after a pause as long as the last one took, at most PATIENCE. */
const SLOW = 50;
const PATIENCE = 500;

export interface DocumentsOptions {
  readonly connection: Connection;
  readonly settingsOf: (uri: string) => Settings;
  readonly docs: Docs;
  readonly timings: Timings;
  /** False where the client asks for diagnostics itself. */
  readonly push: () => boolean;
}

/**
 * The open policies. A change is parsed at once and its syntax errors are published; the rest follows as soon as
 * messages that wait have been read, unless a newer text has come by then.
 */
export class Documents {
  private readonly open = new Map<string, Open>();
  private readonly options: DocumentsOptions;
  private readonly closing: ((uri: string) => void)[] = [];
  private lastRun = 0;

  constructor(options: DocumentsOptions) {
    this.options = options;
  }

  /** The newest snapshot of an open policy. */
  get(uri: string): Snapshot | undefined {
    return this.open.get(uri)?.snapshot;
  }

  /** Calls `forget` for each policy that is closed. */
  onClose(forget: (uri: string) => void): void {
    this.closing.push(forget);
  }

  uris(): Iterable<string> {
    return this.open.keys();
  }

  update(document: TextDocument): void {
    const { uri, version } = document;
    const before = this.open.get(uri);
    before?.pending.cancel();
    const next = snapshot(document.getText(), this.options.settingsOf(uri), before?.snapshot);
    const analysed = before?.analysed ?? NOTHING;
    this.open.set(uri, { version, snapshot: next, analysed, pending: this.schedule(uri) });
    if (before) this.publishSyntax(uri);
  }

  close(uri: string): void {
    this.open.get(uri)?.pending.cancel();
    this.open.delete(uri);
    for (const forget of this.closing) forget(uri);
    this.publish(uri, undefined, []);
  }

  /** Analyses every open policy anew, because settings have changed. */
  refresh(): void {
    for (const [uri, { version, snapshot: old, analysed, pending }] of this.open) {
      pending.cancel();
      const next = snapshot(old.text, this.options.settingsOf(uri), old);
      this.open.set(uri, { version, snapshot: next, analysed, pending: this.schedule(uri) });
    }
  }

  private schedule(uri: string): Open['pending'] {
    const run = (): void => this.analyse(uri);
    if (this.lastRun > SLOW) {
      const timer = setTimeout(run, Math.min(this.lastRun, PATIENCE));
      return { cancel: () => clearTimeout(timer) };
    }
    const immediate = setImmediate(run);
    return { cancel: () => clearImmediate(immediate) };
  }

  /** Only where there are syntax errors: without them the whole answer is as near. */
  private publishSyntax(uri: string): void {
    const known = this.open.get(uri);
    if (!known || known.snapshot.syntaxErrors.length === 0) return;
    const { version, snapshot: current, analysed } = known;
    const rest = carryOver(analysed.rest, analysed.text, current.text);
    this.publish(uri, version, [...current.syntaxErrors, ...rest], current);
  }

  /** Runs one stage, and lets messages that wait be read before the next: none of them waits for all stages. */
  private analyse(uri: string, spent = 0): void {
    const known = this.open.get(uri);
    if (!known) return;
    const { version, snapshot: current } = known;
    const start = performance.now();
    try {
      if (current.advance()) {
        const next = setImmediate(() => this.analyse(uri, spent + performance.now() - start));
        this.open.set(uri, { ...known, pending: { cancel: () => clearImmediate(next) } });
        return;
      }
      const { diagnostics, syntaxErrors, text } = current;
      const syntax = new Set(syntaxErrors);
      const analysed = { text, rest: diagnostics.filter((diagnostic) => !syntax.has(diagnostic)) };
      this.open.set(uri, { ...known, analysed });
      this.publish(uri, version, diagnostics, current);
    } catch (error) {
      report(this.options.connection, `the analysis of ${uri}, version ${version}`, error);
    }
    this.lastRun = spent + performance.now() - start;
    this.options.timings.add('diagnostics', this.lastRun);
  }

  private publish(
    uri: string,
    version: number | undefined,
    diagnostics: readonly Diagnostic[],
    of?: Snapshot,
  ): void {
    const { connection, docs, push } = this.options;
    if (!push()) return;
    void connection.sendDiagnostics({
      uri,
      ...(version !== undefined && { version }),
      diagnostics: of ? toLsp(diagnostics, of.lines, uri, docs) : [],
    });
  }
}
