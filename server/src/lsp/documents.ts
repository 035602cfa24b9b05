import type { Connection } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { snapshot, type Snapshot, type Stage } from '../pipeline.ts';
import type { Settings } from '../workspace/settings.ts';
import { report } from './guard.ts';
import type { OpeningParams } from './protocol.ts';
import { carryOver, toLsp, type Docs } from './publish.ts';
import type { StartNotes } from './start-times.ts';
import type { Timings } from './timings.ts';
import { nextTurn, untilTurnEnds } from './turns.ts';

/** An open policy: its newest text, and the diagnostics of the text that was last analysed in full. */
interface Open {
  readonly version: number;
  readonly snapshot: Snapshot;
  analysed: { readonly text: string; readonly rest: readonly Diagnostic[] };
  /** Stages that are still to be reached, the next one first. */
  readonly ahead: Stage[];
  /** Who waits for a stage. */
  readonly waiting: { readonly for: Stage; readonly tell: (snapshot: Snapshot | 'modified') => void }[];
  /** Takes the next turn of the work on it back. */
  stop: (() => void) | undefined;
  /** ms of work so far. */
  spent: number;
}

const NOTHING: Open['analysed'] = { text: '', rest: [] };

export interface DocumentsOptions {
  readonly connection: Connection;
  readonly settingsOf: (uri: string) => Settings;
  readonly docs: Docs;
  readonly timings: Timings;
  readonly started: StartNotes;
  /** False where the client asks for diagnostics itself. */
  readonly push: () => boolean;
}

/**
 * The open policies. Each change is worked on in short turns, between which messages that wait are read, until all that is
 * wrong is known or a newer text has come. Syntax errors are published as soon as they are known.
 */
export class Documents {
  private readonly open = new Map<string, Open>();
  /** Of policies that are about to be opened, by URI. */
  private readonly expected = new Map<string, Snapshot>();
  private readonly options: DocumentsOptions;
  private readonly closing: ((uri: string) => void)[] = [];

  constructor(options: DocumentsOptions) {
    this.options = options;
  }

  /** The newest snapshot of an open policy. */
  get(uri: string): Snapshot | undefined {
    return this.open.get(uri)?.snapshot;
  }

  /**
   * The newest snapshot as soon as it has reached the stage; undefined: no such policy is open; 'modified': a newer text
   * came first, and what was asked about the older is not known any more.
   */
  at(uri: string, stage: Stage): Promise<Snapshot | 'modified' | undefined> {
    const known = this.open.get(uri);
    if (!known?.ahead.includes(stage)) return Promise.resolve(known?.snapshot);
    return new Promise((tell) => known.waiting.push({ for: stage, tell }));
  }

  /** The same of what is asked of a policy, and not of a text: the newest there is then. */
  async newest(uri: string, stage: Stage): Promise<Snapshot | undefined> {
    for (;;) {
      const found = await this.at(uri, stage);
      if (found !== 'modified') return found;
    }
  }

  /** Calls `forget` for each policy that is closed. */
  onClose(forget: (uri: string) => void): void {
    this.closing.push(forget);
  }

  uris(): Iterable<string> {
    return this.open.keys();
  }

  /** Is there no policy to work on? */
  get isIdle(): boolean {
    return this.open.size + this.expected.size === 0;
  }

  /** Works ahead on policies that will be opened with these texts. */
  expect(policies: OpeningParams['policies']): void {
    for (const { uri, text } of policies) {
      const expected = snapshot(text, this.options.settingsOf(uri));
      const step = (): void => {
        if (this.expected.get(uri) !== expected) return;
        if (expected.advance('diagnostics', untilTurnEnds())) this.options.started.note('checked');
        else nextTurn(step);
      };
      this.expected.set(uri, expected);
      // After the next message, if it is there: `initialize`, with whose answer the client has something to do meanwhile.
      nextTurn(() => nextTurn(step));
    }
  }

  update(document: TextDocument): void {
    this.options.started.note('opened');
    this.begin(document.uri, document.version, document.getText());
  }

  close(uri: string): void {
    this.leave(uri);
    this.open.delete(uri);
    for (const forget of this.closing) forget(uri);
    this.publish(uri, undefined, []);
  }

  /** Analyses every open policy anew, because settings have changed. */
  refresh(): void {
    this.expected.clear();
    for (const [uri, { version, snapshot: old }] of this.open) this.begin(uri, version, old.text);
  }

  private begin(uri: string, version: number, text: string): void {
    const before = this.open.get(uri);
    this.leave(uri);
    this.open.set(uri, {
      version,
      snapshot: this.expectedOf(uri, text) ?? snapshot(text, this.options.settingsOf(uri), before?.snapshot),
      analysed: before?.analysed ?? NOTHING,
      ahead: ['tree', 'model', 'diagnostics'],
      waiting: [],
      stop: nextTurn(() => this.work(uri)),
      spent: 0,
    });
  }

  /** What has been prepared for this text of a policy, once. */
  private expectedOf(uri: string, text: string): Snapshot | undefined {
    const expected = this.expected.get(uri);
    this.expected.delete(uri);
    return expected?.text === text ? expected : undefined;
  }

  /** Ends the work on a text. */
  private leave(uri: string): void {
    const known = this.open.get(uri);
    known?.stop?.();
    for (const { tell } of known?.waiting.splice(0) ?? []) tell('modified');
  }

  /** One turn of the work on the newest text. */
  private work(uri: string): void {
    const known = this.open.get(uri);
    if (!known) return;
    const start = performance.now();
    try {
      const goOn = untilTurnEnds();
      for (let stage = known.ahead[0]; stage && known.snapshot.advance(stage, goOn); stage = known.ahead[0]) {
        known.ahead.shift();
        if (this.reached(uri, known, stage)) break;
      }
    } catch (error) {
      report(this.options.connection, `the analysis of ${uri}, version ${known.version}`, error);
      known.ahead.length = 0;
    }
    known.spent += performance.now() - start;
    known.stop = known.ahead.length > 0 ? nextTurn(() => this.work(uri)) : undefined;
    if (known.stop === undefined) this.options.timings.add('diagnostics', known.spent);
    for (const one of known.waiting.splice(0)) {
      if (known.ahead.includes(one.for)) known.waiting.push(one);
      // What it does with it is work, too.
      else nextTurn(() => one.tell(this.open.get(uri) === known ? known.snapshot : 'modified'));
    }
  }

  /** Publishes what is known now; true: it is to be sent before anything else is done. */
  private reached(uri: string, known: Open, stage: Stage): boolean {
    const { version, snapshot: current, analysed } = known;
    const { syntaxErrors, text } = current;
    if (stage === 'tree' && syntaxErrors.length > 0 && analysed !== NOTHING) {
      const rest = carryOver(analysed.rest, analysed.text, text);
      this.publish(uri, version, [...syntaxErrors, ...rest], current);
      return true;
    }
    if (stage === 'diagnostics') {
      const { diagnostics } = current;
      this.options.started.note('checked');
      const syntax = new Set(syntaxErrors);
      const rest = diagnostics.filter((diagnostic) => !syntax.has(diagnostic));
      known.analysed = { text, rest };
      this.publish(uri, version, diagnostics, current);
      this.options.started.note('published');
    }
    return false;
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
