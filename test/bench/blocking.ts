import { once } from 'node:events';
import { join } from 'node:path';
import type { CallHierarchyItem } from 'vscode-languageserver/node';
import { repository, Session } from '../lsp/session.ts';
import { policyOfLines } from './policies.ts';

const LINES = 5000;
const URI = 'file:///bench/blocking.pvpolicy';

/** The longest time for which a kind of request kept the server from reading the next message. */
export interface Block {
  readonly what: string;
  /** ms on a CPU: the median of the runs, and the worst, which is often the first, before the code is compiled. */
  readonly usual: number;
  readonly worst: number;
}

const RUNS = 5;

/** Asks for everything there is of a long policy, and measures in the server how long its event loop stands still. */
export async function blocks(): Promise<readonly Block[]> {
  const found: Block[] = [];
  const policy = await Policy.open();
  for (const [what, run] of Object.entries(KINDS)) {
    // Each begins with a policy that nothing is known of.
    await policy.reopen();
    const longest: number[] = [];
    for (let round = 0; round < RUNS; round++) longest.push(await policy.longestBlock(() => run(policy)));
    longest.sort((a, b) => a - b);
    found.push({ what, usual: longest[RUNS >> 1] ?? Number.NaN, worst: longest.at(-1) ?? Number.NaN });
  }
  await policy.session.end();
  return found;
}

export function showBlocks(all: readonly Block[]): string {
  const cell = (value: number): string => value.toFixed(1).padStart(9);
  const rows = all.map(({ what, usual, worst }) => `${what.padEnd(44)}${cell(usual)}${cell(worst)}`);
  return [`${`longest turn of the loop, ${LINES} lines, ms`.padEnd(44)}   median    worst`, ...rows].join(
    '\n',
  );
}

type Kind = (policy: Policy) => Promise<unknown>;

const FORMAT = { options: { tabSize: 4, insertSpaces: true } };
const whole = { start: { line: 0, character: 0 }, end: { line: LINES, character: 0 } };

const asked =
  (method: string, more: object = {}): Kind =>
  (policy) =>
    policy.ask(method, more);

/** The same after a keystroke, so that nothing is known from the time before. */
const typed =
  (kind: Kind): Kind =>
  async (policy) => {
    await policy.type(policy.middle, ' ');
    await kind(policy);
  };

const KINDS: Readonly<Record<string, Kind>> = {
  'first open': (policy) => policy.reopen(),
  'keystroke in a body': (policy) => policy.type(policy.middle, ' '),
  'keystroke in the header': (policy) => policy.type({ line: 1, character: 7 }, 'x'),
  'keystroke that opens a brace': (policy) => policy.type(policy.middle, '{'),
  completion: typed((policy) => policy.ask('completion', { position: policy.middle })),
  'hover of what is used everywhere': asked('hover', { position: { line: 1, character: 7 } }),
  formatting: typed(asked('formatting', FORMAT)),
  'range formatting': typed(asked('rangeFormatting', { ...FORMAT, range: whole })),
  'formatting on type': typed((policy) =>
    policy.ask('onTypeFormatting', { ...FORMAT, position: policy.middle, ch: '}' }),
  ),
  'formatting of what nobody formatted': async (policy) => {
    await policy.reopen(policyOfLines(LINES).replaceAll('    ', '\t').replaceAll(' = ', '='));
    await policy.ask('formatting', FORMAT);
  },
  'semantic tokens': typed(asked('semanticTokens/full')),
  'semantic tokens, range': typed(asked('semanticTokens/range', { range: whole })),
  'document symbols': typed(asked('documentSymbol')),
  folding: typed(asked('foldingRange')),
  'inlay hints': typed(asked('inlayHint', { range: whole })),
  'selection ranges': typed((policy) => policy.ask('selectionRange', { positions: [policy.middle] })),
  'document links': typed(asked('documentLink')),
  'code lenses': typed(asked('codeLens')),
  references: typed(
    asked('references', { position: { line: 1, character: 7 }, context: { includeDeclaration: true } }),
  ),
  highlights: typed(asked('documentHighlight', { position: { line: 1, character: 7 } })),
  'prepare rename': typed(asked('prepareRename', { position: { line: 1, character: 7 } })),
  rename: typed(asked('rename', { position: { line: 1, character: 7 }, newName: 'most' })),
  'code actions of a line': typed((policy) =>
    policy.ask('codeAction', {
      range: { start: policy.middle, end: policy.middle },
      context: { diagnostics: [] },
    }),
  ),
  'code actions, fix all': typed(
    asked('codeAction', { range: whole, context: { diagnostics: [], only: ['source.fixAll'] } }),
  ),
  'call hierarchy': typed(async (policy) => {
    const items = await policy.ask<CallHierarchyItem[]>('prepareCallHierarchy', {
      position: { line: 7, character: 4 },
    });
    const item = items[0];
    await policy.session.connection.sendRequest('callHierarchy/incomingCalls', { item });
    await policy.session.connection.sendRequest('callHierarchy/outgoingCalls', { item });
  }),
  'workspace symbols': typed((policy) =>
    policy.session.connection.sendRequest('workspace/symbol', { query: 'calm_4' }),
  ),
  outline: typed((policy) => policy.session.connection.sendRequest('pvpolicy/outline', { uri: URI })),
  compile: typed((policy) => policy.session.connection.sendRequest('pvpolicy/compile', { uri: URI })),
  matrix: (policy) => policy.session.connection.sendRequest('pvpolicy/matrix', { kernel: '7.3' }),
  templates: (policy) => policy.session.connection.sendRequest('pvpolicy/templates'),
};

/** A long policy, open in a server of its own. */
class Policy {
  readonly session: Session;
  private readonly text = policyOfLines(LINES);
  private version = 1;

  private constructor(session: Session) {
    this.session = session;
  }

  static async open(): Promise<Policy> {
    const session = await Session.start({
      node: ['--import', join(repository, 'test/bench/loop-meter.mjs')],
      initializationOptions: { lenses: true },
    });
    const policy = new Policy(session);
    await session.open(URI, policy.text);
    await policy.known();
    return policy;
  }

  /** The start of a line in the body of a function in the middle. */
  get middle() {
    const before = this.text.slice(0, this.text.indexOf('    if waited', this.text.length / 2));
    return { line: before.split('\n').length - 1, character: 0 };
  }

  ask<R>(method: string, more: object): Promise<R> {
    return this.session.ask(`textDocument/${method}`, URI, undefined, more);
  }

  async type(at: { readonly line: number; readonly character: number }, text: string): Promise<void> {
    await this.session.change(URI, ++this.version, [{ range: { start: at, end: at }, text }]);
  }

  async reopen(text = policyOfLines(LINES)): Promise<void> {
    await this.session.connection.sendNotification('textDocument/didClose', { textDocument: { uri: URI } });
    await this.session.open(URI, text, ++this.version);
    await this.known();
  }

  /** ms that the longest round of the server's loop took while `work` ran and what it began came to an end. */
  async longestBlock(work: () => Promise<unknown>): Promise<number> {
    const { child } = this.session;
    const tell = async (order: string): Promise<number> => {
      const answered = once(child, 'message');
      child.send(order);
      const [ms] = (await answered) as [number];
      return ms;
    };
    await tell('start');
    await work();
    await this.known();
    return tell('stop');
  }

  private async known(): Promise<void> {
    await this.session.ask('textDocument/codeAction', URI, undefined, {
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      context: { diagnostics: [], only: ['quickfix'] },
    });
  }
}
