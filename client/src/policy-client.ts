import { EventEmitter, window, type CancellationToken, type Disposable, type Uri } from 'vscode';
import {
  ErrorAction,
  IPCMessageReader,
  IPCMessageWriter,
  LanguageClient,
  ProgressType,
  State,
  WorkDoneProgress,
  type ErrorHandler,
  type LanguageClientOptions,
  type MessageTransports,
} from 'vscode-languageclient/node';
import {
  CHECK_PARAM,
  COMPILE,
  EXPLAIN_LOG,
  KERNELS,
  MATRIX,
  OUTLINE,
  SIMULATE,
  START_TIMES,
  TEMPLATES,
  type CheckParamParams,
  type CompileParams,
  type CompileResult,
  type ExplainLogParams,
  type ExplainLogResult,
  type InitializationOptions,
  type MatrixResult,
  type PartialSimulation,
  type PolicyOutline,
  type SimulateParams,
  type SimulateResult,
  type StartTimes,
  type TemplatesResult,
} from '../../server/src/lsp/protocol.ts';
import { syncConfigs } from './config-sync.ts';
import { endServer, type ServerProcess } from './server-process.ts';
import { setting } from './settings.ts';
import type { StartClock } from './start-clock.ts';

export type ServerState = 'starting' | 'running' | 'stopped';

/** The server, as the rest of the extension sees it. */
export class PolicyClient implements Disposable {
  readonly log = window.createOutputChannel('PV Policy', { log: true });
  private readonly client: LanguageClient;
  private readonly changed = new EventEmitter<ServerState>();
  readonly onDidChangeState = this.changed.event;
  private readonly checked = new EventEmitter<Uri>();
  /** The server has looked at a policy anew. */
  readonly onDidCheck = this.checked.event;
  private runs = 0;
  private server: ServerProcess | undefined;
  /** Starts the server again where it ends, unless it does so too often. */
  private closing: ErrorHandler;
  private readonly clock: StartClock;

  /** `launch` starts the server. */
  constructor(launch: () => ServerProcess, clock: StartClock) {
    this.clock = clock;
    const options: LanguageClientOptions = {
      errorHandler: {
        // What is written to a server that has just died: that it has, is told next, and another is started.
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.closing.closed(),
      },
      documentSelector: [{ language: 'pvpolicy' }],
      outputChannel: this.log,
      // Asked for anew at each start.
      initializationOptions: (): InitializationOptions => {
        clock.note('asking');
        return { lenses: true, settings: { kernelProfile: setting<string>('kernelProfile') } };
      },
      middleware: {
        didOpen: (document, next) => {
          if (document.languageId === 'pvpolicy') clock.note('opening');
          return next(document);
        },
        handleDiagnostics: (uri, diagnostics, next) => {
          next(uri, diagnostics);
          if (clock.note('shown')) this.tellStart();
          this.checked.fire(uri);
        },
      },
    };
    this.client = new LanguageClient('pvpolicy', 'PV Policy', () => this.connect(launch()), options);
    syncConfigs(this.client);
    this.closing = this.client.createDefaultErrorHandler();
    this.client.onDidChangeState(({ newState }) => this.changed.fire(STATES[newState]));
  }

  get state(): ServerState {
    return STATES[this.client.state];
  }

  dispose(): void {
    for (const one of [this.log, this.changed, this.checked]) one.dispose();
  }

  /** How long people wait for the first squiggle and what for, for those who look into a slow start. */
  private tellStart(): void {
    this.log.info(`first diagnostics ${this.clock.shown} ms after activation began`);
    void this.client
      .sendRequest<StartTimes>(START_TIMES)
      .then((server) => this.log.info(`in ms from then: ${this.clock.describe(server)}`));
  }

  /** By the messages between Node's processes; what the server prints is told in the log. */
  private connect(server: ServerProcess): Promise<MessageTransports> {
    this.server = server;
    server.stderr?.setEncoding('utf8').on('data', (text: string) => this.log.error(text.trimEnd()));
    return Promise.resolve({ reader: new IPCMessageReader(server), writer: new IPCMessageWriter(server) });
  }

  async start(): Promise<void> {
    try {
      await this.client.start();
    } catch (error) {
      this.log.error('the language server did not start', error);
      this.changed.fire('stopped');
    }
  }

  /** Whatever state the server is in. */
  async restart(): Promise<void> {
    switch (this.client.state) {
      case State.Stopped:
      case State.StartFailed:
        // How often the server ended before no longer counts.
        this.closing = this.client.createDefaultErrorHandler();
        return this.start();
      case State.Starting:
        // It cannot be asked to stop yet. Where it ends, the client starts another.
        return this.server && endServer(this.server);
      case State.Running:
        await this.stop();
        return this.start();
    }
  }

  /** Starts a server that is gone: what a user asks for brings it back. */
  async wake(): Promise<void> {
    if (this.state === 'stopped') await this.restart();
  }

  private async ask<T>(method: string, params: object): Promise<T> {
    await this.wake();
    return this.client.sendRequest<T>(method, params);
  }

  async stop(): Promise<void> {
    if (this.client.state !== State.Running) return;
    try {
      await this.client.stop();
    } catch (error) {
      this.log.warn('the language server hangs and is ended', error);
      if (this.server) await endServer(this.server);
    }
  }

  compile(params: CompileParams): Promise<CompileResult> {
    return this.ask<CompileResult>(COMPILE, params);
  }

  /** What a policy declares; undefined where there is none or the server is not there. */
  async outline(uri: string): Promise<PolicyOutline | undefined> {
    try {
      return (await this.client.sendRequest<PolicyOutline | null>(OUTLINE, { uri })) ?? undefined;
    } catch (error) {
      this.log.debug('no outline', error);
      return undefined;
    }
  }

  /** Why a param cannot have a value; undefined where it can, or where that is not known. */
  async checkParam(params: CheckParamParams): Promise<string | undefined> {
    try {
      return (await this.client.sendRequest<string | null>(CHECK_PARAM, params)) ?? undefined;
    } catch (error) {
      this.log.debug('no check of a param', error);
      return undefined;
    }
  }

  kernels(): Promise<readonly string[]> {
    return this.ask<readonly string[]>(KERNELS, {});
  }

  matrix(kernel: string): Promise<MatrixResult | null> {
    return this.ask<MatrixResult | null>(MATRIX, { kernel });
  }

  templates(): Promise<TemplatesResult> {
    return this.ask<TemplatesResult>(TEMPLATES, {});
  }

  explainLog(params: ExplainLogParams): Promise<ExplainLogResult> {
    return this.ask<ExplainLogResult>(EXPLAIN_LOG, params);
  }

  /** Runs a simulation; `told` hears how far it is, `partial` what is found so far. Cancelling ends it. */
  async simulate(
    params: SimulateParams,
    token: CancellationToken,
    told: (message: string) => void,
    partial: (found: PartialSimulation) => void,
  ): Promise<SimulateResult> {
    await this.wake();
    const run = this.runs++;
    const [workDoneToken, partialResultToken] = [`pvpolicy-simulate-${run}`, `pvpolicy-partial-${run}`];
    const listening = [
      this.client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
        if (value.kind !== 'end' && value.message !== undefined) told(value.message);
      }),
      this.client.onProgress(PARTIAL, partialResultToken, partial),
    ];
    try {
      const request = { ...params, workDoneToken, partialResultToken };
      return await this.client.sendRequest<SimulateResult>(SIMULATE, request, token);
    } finally {
      for (const one of listening) one.dispose();
    }
  }
}

const PARTIAL = new ProgressType<PartialSimulation>();

const STATES: Readonly<Record<State, ServerState>> = {
  [State.Starting]: 'starting',
  [State.StartFailed]: 'stopped',
  [State.Running]: 'running',
  [State.Stopped]: 'stopped',
};
