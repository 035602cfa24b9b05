import {
  EventEmitter,
  window,
  workspace,
  type CancellationToken,
  type ExtensionContext,
  type Uri,
} from 'vscode';
import {
  IPCMessageReader,
  IPCMessageWriter,
  LanguageClient,
  State,
  WorkDoneProgress,
  type LanguageClientOptions,
  type MessageTransports,
} from 'vscode-languageclient/node';
import {
  COMPILE,
  EXPLAIN_LOG,
  KERNELS,
  MATRIX,
  OUTLINE,
  SIMULATE,
  TEMPLATES,
  type CompileParams,
  type CompileResult,
  type ExplainLogParams,
  type ExplainLogResult,
  type InitializationOptions,
  type MatrixResult,
  type PolicyOutline,
  type SimulateParams,
  type SimulateResult,
  type TemplatesResult,
} from '../../server/src/lsp/protocol.ts';
import type { ServerProcess } from './server-process.ts';
import { setting } from './settings.ts';

export type ServerState = 'starting' | 'running' | 'stopped';

/** The server, as the rest of the extension sees it. */
export class PolicyClient {
  readonly log = window.createOutputChannel('PV Policy', { log: true });
  private readonly client: LanguageClient;
  private readonly changed = new EventEmitter<ServerState>();
  readonly onDidChangeState = this.changed.event;
  private readonly checked = new EventEmitter<Uri>();
  /** The server has looked at a policy anew. */
  readonly onDidCheck = this.checked.event;
  private runs = 0;
  private readonly begun: number;
  private toldFirst = false;

  /** `launch` starts the server; `begun`: when the extension began, in ms on the clock of the process. */
  constructor(context: ExtensionContext, launch: () => ServerProcess, begun: number) {
    this.begun = begun;
    const options: LanguageClientOptions = {
      documentSelector: [{ language: 'pvpolicy' }],
      outputChannel: this.log,
      // Asked for anew at each start.
      initializationOptions: (): InitializationOptions => ({
        lenses: true,
        settings: { kernelProfile: setting<string>('kernelProfile') },
      }),
      middleware: {
        handleDiagnostics: (uri, diagnostics, next) => {
          next(uri, diagnostics);
          this.tellFirst();
          this.checked.fire(uri);
        },
      },
      synchronize: { fileEvents: workspace.createFileSystemWatcher('**/pvpolicy.json') },
    };
    this.client = new LanguageClient('pvpolicy', 'PV Policy', () => this.connect(launch()), options);
    context.subscriptions.push(
      this.log,
      this.changed,
      this.checked,
      this.client.onDidChangeState(({ newState }) => this.changed.fire(STATES[newState])),
    );
  }

  /** How long people wait for the first squiggle, for those who look into a slow start. */
  private tellFirst(): void {
    if (this.toldFirst) return;
    this.toldFirst = true;
    const took = performance.now() - this.begun;
    this.log.info(`first diagnostics ${took.toFixed(0)} ms after activation`);
  }

  /** By the messages between Node's processes; what the server prints is told in the log. */
  private connect(server: ServerProcess): Promise<MessageTransports> {
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

  async restart(): Promise<void> {
    if (this.client.state === State.Stopped) await this.start();
    else await this.client.restart();
  }

  async stop(): Promise<void> {
    if (this.client.state !== State.Stopped) await this.client.stop();
  }

  compile(params: CompileParams): Promise<CompileResult> {
    return this.client.sendRequest<CompileResult>(COMPILE, params);
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

  kernels(): Promise<readonly string[]> {
    return this.client.sendRequest<readonly string[]>(KERNELS, {});
  }

  matrix(kernel: string): Promise<MatrixResult | null> {
    return this.client.sendRequest<MatrixResult | null>(MATRIX, { kernel });
  }

  templates(): Promise<TemplatesResult> {
    return this.client.sendRequest<TemplatesResult>(TEMPLATES, {});
  }

  explainLog(params: ExplainLogParams): Promise<ExplainLogResult> {
    return this.client.sendRequest<ExplainLogResult>(EXPLAIN_LOG, params);
  }

  /** Runs a simulation; `told` hears how far it is. Cancelling ends it. */
  async simulate(
    params: SimulateParams,
    token: CancellationToken,
    told: (message: string) => void,
  ): Promise<SimulateResult> {
    const workDoneToken = `pvpolicy-simulate-${this.runs++}`;
    const listening = this.client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
      if (value.kind !== 'end' && value.message !== undefined) told(value.message);
    });
    try {
      return await this.client.sendRequest<SimulateResult>(SIMULATE, { ...params, workDoneToken }, token);
    } finally {
      listening.dispose();
    }
  }
}

const STATES: Readonly<Record<State, ServerState>> = {
  [State.Starting]: 'starting',
  [State.StartFailed]: 'stopped',
  [State.Running]: 'running',
  [State.Stopped]: 'stopped',
};
