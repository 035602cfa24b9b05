// A client of the built server: speaks LSP over the standard streams of a child process, as editors do.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver/node';
import { OPENING, type OpeningParams } from '../../server/src/lsp/protocol.ts';

/** The folder of package.json above this file, or above the bundle that it is part of. */
export const repository = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder));
}

const cli = join(repository, 'dist/cli.cjs');

export interface SessionOptions {
  readonly initializationOptions?: object;
  /** Answers `workspace/configuration`; absent: the client has no such request. */
  readonly configuration?: unknown;
  /** URIs of the workspace's folders. */
  readonly folders?: readonly string[];
  /** What is said before `initialize`. */
  readonly opening?: OpeningParams;
  /** Arguments of Node itself; with some there is an IPC channel to what they load. */
  readonly node?: readonly string[];
}

/** Waits at most this long (ms) for what a server says by itself. */
const PATIENCE = 45_000;

export class Session {
  readonly connection: ProtocolConnection;
  readonly child: ChildProcess;
  readonly published: PublishDiagnosticsParams[] = [];
  readonly logged: string[] = [];
  initialized!: InitializeResult;
  private readonly waiting = new Set<() => void>();

  private constructor(node: readonly string[] = []) {
    if (!existsSync(cli)) throw new Error('dist/cli.cjs is missing: npm run build');
    this.child = spawn(process.execPath, [...node, cli, 'lsp', '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit', ...(node.length > 0 ? (['ipc'] as const) : [])],
    });
    const { stdin, stdout } = this.child;
    if (!stdin || !stdout) throw new Error('no streams');
    this.connection = createProtocolConnection(
      new StreamMessageReader(stdout),
      new StreamMessageWriter(stdin),
    );
    this.connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      this.published.push(params);
      for (const look of this.waiting) look();
    });
    this.connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      this.logged.push(message);
    });
    this.connection.onRequest('client/registerCapability', () => null);
    this.connection.listen();
  }

  static async start(options: SessionOptions = {}): Promise<Session> {
    const { configuration, initializationOptions, folders, opening, node } = options;
    const session = new Session(node);
    if (configuration !== undefined) {
      session.connection.onRequest('workspace/configuration', () => [configuration]);
    }
    if (opening !== undefined) await session.connection.sendNotification(OPENING, opening);
    session.initialized = await session.connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      ...(folders && { workspaceFolders: folders.map((uri) => ({ uri, name: uri })) }),
      capabilities: { workspace: { configuration: configuration !== undefined } },
      initializationOptions,
    });
    await session.connection.sendNotification('initialized', {});
    return session;
  }

  open(uri: string, text: string, version = 1): Promise<void> {
    const textDocument = { uri, languageId: 'pvpolicy', version, text };
    return this.connection.sendNotification('textDocument/didOpen', { textDocument });
  }

  change(uri: string, version: number, changes: readonly TextDocumentContentChangeEvent[]): Promise<void> {
    return this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: changes,
    });
  }

  /** Sends a request about a position of a document, with whatever else it takes. */
  ask<R>(method: string, uri: string, position?: Position, more: object = {}): Promise<R> {
    return this.connection.sendRequest(method, {
      textDocument: { uri },
      ...(position && { position }),
      ...more,
    });
  }

  /** The first publish, from now on or before, that fits; rejects after a long time without one. */
  publish(fits: (params: PublishDiagnosticsParams) => boolean): Promise<PublishDiagnosticsParams> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.published.find(fits);
        if (!found) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error(`no such publish; there were ${JSON.stringify(this.published, null, 1)}`));
      }, PATIENCE);
      this.waiting.add(look);
      look();
    });
  }

  /** Ends the server as the protocol says; gives its exit status. */
  async end(): Promise<number | null> {
    await this.connection.sendRequest('shutdown');
    const exited = this.exited();
    await this.connection.sendNotification('exit');
    return exited;
  }

  exited(): Promise<number | null> {
    if (this.child.exitCode !== null) return Promise.resolve(this.child.exitCode);
    return new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }
}

/** The text without its `<|>` marks, and the positions of these. */
export function marked(source: string): { readonly text: string; readonly marks: readonly Position[] } {
  const parts = source.split('<|>');
  const marks: Position[] = [];
  let text = '';
  for (const part of parts.slice(0, -1)) {
    text += part;
    const lines = text.split('\n');
    marks.push({ line: lines.length - 1, character: lines.at(-1)?.length ?? 0 });
  }
  return { text: text + (parts.at(-1) ?? ''), marks };
}
