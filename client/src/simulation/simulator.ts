import {
  CancellationTokenSource,
  EventEmitter,
  ProgressLocation,
  window,
  type CancellationToken,
  type TextDocument,
} from 'vscode';
import type { PolicyOutline, SimulateResult } from '../../../server/src/lsp/protocol.ts';
import type { PolicyClient } from '../policy-client.ts';
import { refusal, tellRefusal } from '../refusal.ts';
import { setting } from '../settings.ts';
import type { Results } from '../results/results.ts';
import type { ParamValues } from './param-values.ts';
import { pickTrace, type TraceChoices } from './traces.ts';

export interface SimulatorParts {
  readonly client: PolicyClient;
  readonly results: Results;
  readonly values: ParamValues;
  readonly traces: TraceChoices;
}

type Succeeded = SimulateResult & { readonly ok: true };

/** A run of the text that `document` still has. */
export interface Ran {
  readonly document: TextDocument;
  readonly result: Succeeded;
}

/** Runs policies over traces with the trace and the values that the user chose, and keeps the results. */
export class Simulator {
  private readonly parts: SimulatorParts;
  private readonly running = new Map<string, CancellationTokenSource>();
  private readonly ran = new EventEmitter<Ran>();
  /** Of every run that came to an end. */
  readonly onDidRun = this.ran.event;

  constructor(parts: SimulatorParts) {
    this.parts = parts;
  }

  /** One run without questions. Undefined where it was cancelled. A newer run of the same scenario ends an older one. */
  async run(
    document: TextDocument,
    scenario: string | undefined,
    token?: CancellationToken,
    told: (message: string) => void = () => {},
    pictures = setting<boolean>('simulate.openReport', document),
  ): Promise<SimulateResult | undefined> {
    const { client, results, values, traces } = this.parts;
    const key = `${document.uri.toString()} ${scenario ?? ''}`;
    this.running.get(key)?.cancel();
    const source = new CancellationTokenSource();
    const listening = token?.onCancellationRequested(() => source.cancel());
    this.running.set(key, source);
    try {
      const uri = document.uri.toString();
      const trace = traces.get(document, scenario);
      const version = document.version;
      await client.wake();
      const outline = await client.outline(uri);
      const params = known(values.of(document.uri), outline);
      const request = {
        uri,
        params,
        ...(scenario !== undefined && { scenario }),
        ...(trace !== undefined && { trace }),
        pictures,
      };
      const current = (): boolean => !source.token.isCancellationRequested && document.version === version;
      const lineOf = linesOf(outline);
      const result = await client.simulate(request, source.token, told, ({ report }) => {
        if (current()) results.showPartial(document, report, params, lineOf);
      });
      if (source.token.isCancellationRequested) return undefined;
      // What was typed meanwhile makes the result one of an older text, which has no marks.
      if (result.ok && current()) {
        results.show(document, result.report, params, lineOf);
        this.ran.fire({ document, result });
      }
      return result;
    } catch (error) {
      if (source.token.isCancellationRequested) return undefined;
      client.log.error('the simulation ended early', error);
      return { ok: false, message: 'the language server ended before the simulation did' };
    } finally {
      listening?.dispose();
      if (this.running.get(key) === source) {
        this.running.delete(key);
        results.endPartial(document);
      }
      source.dispose();
    }
  }

  /**
   * A run with its progress shown; asks for a trace where none is named or the named one is of no use. `pictures`: what a
   * report is drawn from is wanted, too; absent: where the user's settings want reports.
   */
  async runWithQuestions(
    document: TextDocument,
    scenario: string | undefined,
    pictures?: boolean,
  ): Promise<SimulateResult | undefined> {
    const first = await this.runShown(document, scenario, pictures);
    if (first === undefined || first.ok) return first;
    if (first.needsTrace !== true) {
      void tellRefusal(document, 'simulated', first.message);
      return first;
    }
    const choose = 'Choose a Trace…';
    if ((await window.showWarningMessage(refusal(document, 'simulated', first.message), choose)) !== choose)
      return first;
    if (!(await this.chooseTrace(document, scenario))) return first;
    const second = await this.runShown(document, scenario, pictures);
    if (second?.ok === false) void tellRefusal(document, 'simulated', second.message);
    return second;
  }

  /** Lets the user choose the trace of later runs; false where the user gave up. */
  async chooseTrace(document: TextDocument, scenario: string | undefined): Promise<boolean> {
    const { client, traces } = this.parts;
    const outline = await client.outline(document.uri.toString());
    const trace = await pickTrace(document, traceOf(outline, scenario), traces.get(document, scenario));
    if (trace === undefined) return false;
    await traces.set(document, scenario, trace ?? undefined);
    return true;
  }

  private runShown(
    document: TextDocument,
    scenario: string | undefined,
    pictures: boolean | undefined,
  ): Thenable<SimulateResult | undefined> {
    return window.withProgress(
      { location: ProgressLocation.Notification, title: 'PV Policy', cancellable: true },
      (progress, token) =>
        this.run(document, scenario, token, (message) => progress.report({ message }), pictures),
    );
  }
}

/** The values of params that the policy still has. */
function known(
  values: Readonly<Record<string, string>>,
  outline: PolicyOutline | undefined,
): Readonly<Record<string, string>> {
  const names = new Set(outline?.params.map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

/** Where a policy declares its params and scenarios, by their names; under the keyword `policy` its header. */
function linesOf(outline: PolicyOutline | undefined): ReadonlyMap<string, number> {
  const header = typeof outline?.line === 'number' ? [{ name: 'policy', line: outline.line }] : [];
  const declared = outline ? [...header, ...outline.params, ...outline.scenarios] : [];
  return new Map(declared.map(({ name, line }) => [name, line]));
}

const traceOf = (outline: PolicyOutline | undefined, scenario: string | undefined): string | null =>
  (scenario === undefined ? outline?.scenarios[0] : outline?.scenarios.find(({ name }) => name === scenario))
    ?.trace ?? null;
