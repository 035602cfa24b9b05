import {
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
  type CallHierarchyItem,
  type CancellationToken,
  type CompletionList,
  type Connection,
  type DocumentDiagnosticParams,
  type DocumentDiagnosticReport,
  type Location,
  type Position,
  type Range,
  type SemanticTokens,
  type SemanticTokensDelta,
  type SemanticTokensDeltaParams,
  type TextDocumentPositionParams,
} from 'vscode-languageserver';
import { LineIndex } from '../../../grammar/text.ts';
import type { Snapshot, Stage } from '../pipeline.ts';
import { incomingCalls, outgoingCalls, prepareCallHierarchy } from './call-hierarchy.ts';
import { codeActions } from './code-actions.ts';
import { codeLenses } from './code-lens.ts';
import { completion } from './completion.ts';
import { configCompletion } from './config-completion.ts';
import type { Configuration } from './configuration.ts';
import { toOffset } from './convert.ts';
import { definition } from './definition.ts';
import { documentLinks } from './document-links.ts';
import type { Documents } from './documents.ts';
import { folding } from './folding.ts';
import { onTypeFormatting, rangeFormatting } from './format-edits.ts';
import { formatting } from './formatting.ts';
import { modified, type Answer, type Guard } from './guard.ts';
import { highlights } from './highlight.ts';
import type { Host } from './host.ts';
import { hover } from './hover.ts';
import { inlayHints } from './inlay-hints.ts';
import { linkedEditing } from './linked-editing.ts';
import { documentDiagnostics } from './pull-diagnostics.ts';
import { references } from './references.ts';
import { prepareRename, rename, type Refused } from './rename.ts';
import { selectionRanges } from './selection-range.ts';
import { TokenHistory } from './semantic-tokens-delta.ts';
import { semanticTokens } from './semantic-tokens.ts';
import { signatureHelp } from './signature-help.ts';
import type { SimulationHints } from './simulation-hints.ts';
import { symbols } from './symbols.ts';
import { typeDefinition } from './type-definition.ts';

interface OfDocument {
  readonly textDocument: { readonly uri: string };
}

/** Answers the requests of LSP that are about one document: each by a function of its snapshot. */
export function registerFeatures(
  connection: Connection,
  documents: Documents,
  guard: Guard,
  host: Host,
  configuration: Configuration,
  simulated: SimulationHints,
): void {
  const on: On = (name, answer, otherwise, needs = 'model') =>
    guard(
      name,
      async (params, token) => {
        const snapshot = await documents.at(params.textDocument.uri, needs);
        if (snapshot === 'modified') return modified();
        return snapshot && !token.isCancellationRequested ? answer(snapshot, params) : otherwise;
      },
      otherwise,
    );

  connection.onHover(on('hover', (s, p) => hover(s, p.position) ?? null, null));
  const nothing = { isIncomplete: false, items: [] };
  const ofPolicy = on<TextDocumentPositionParams, CompletionList>(
    'completion',
    (s, p) => completion(s, p.position),
    nothing,
  );
  connection.onCompletion((params, token) => {
    const config = configuration.opened(params.textDocument.uri);
    if (config === undefined) return ofPolicy(params, token);
    const offset = new LineIndex(config).offsetAt(params.position);
    return { isIncomplete: false, items: [...configCompletion(config, offset)] };
  });
  connection.onSignatureHelp(on('signatureHelp', (s, p) => signatureHelp(s, p.position) ?? null, null));
  connection.onDocumentSymbol(on('symbols', (s) => [...symbols(s)], [], 'tree'));
  connection.onDocumentFormatting(on('formatting', (s) => [...formatting(s)], [], 'tree'));
  connection.onFoldingRanges(on('folding', (s) => [...folding(s)], [], 'tree'));
  connection.onDocumentHighlight(on('highlight', (s, p) => [...highlights(s, p.position)], []));
  connection.onCodeLens(on('codeLens', (s, p) => [...codeLenses(s, p.textDocument.uri)], [], 'tree'));
  const place = (name: string, find: (s: Snapshot, at: Position) => Range | undefined) =>
    on<TextDocumentPositionParams, Location | null>(
      name,
      (s, p) => {
        const range = find(s, p.position);
        return range ? { uri: p.textDocument.uri, range } : null;
      },
      null,
    );
  connection.onDefinition(place('definition', definition));
  connection.onDeclaration(place('declaration', definition));
  connection.onTypeDefinition(place('typeDefinition', typeDefinition));
  connection.onSelectionRanges(
    on('selectionRange', (s, p) => [...selectionRanges(s, p.positions)], [], 'tree'),
  );
  connection.onDocumentLinks(
    on('documentLink', (s, p) => [...documentLinks(s, p.textDocument.uri, host)], [], 'tree'),
  );
  connection.languages.onLinkedEditingRange(
    on('linkedEditing', (s, p) => linkedEditing(s, p.position) ?? null, null),
  );
  connection.languages.inlayHint.on(
    on(
      'inlayHint',
      (s, p) => [...inlayHints(s, p.range), ...simulated.hints(p.textDocument.uri, s, p.range)],
      [],
    ),
  );
  connection.onDocumentRangeFormatting(
    on('rangeFormatting', (s, p) => [...rangeFormatting(s, p.range)], [], 'tree'),
  );
  connection.onDocumentOnTypeFormatting(
    on('onTypeFormatting', (s, p) => [...onTypeFormatting(s, p.position, p.ch)], [], 'tree'),
  );
  connection.onReferences(
    on(
      'references',
      (s, p) => {
        const { uri } = p.textDocument;
        return references(s, p.position, p.context.includeDeclaration).map((range) => ({ uri, range }));
      },
      [],
    ),
  );
  connection.onCodeAction(
    on(
      'codeAction',
      (s, p) => [...codeActions(s, p.textDocument.uri, p.range, p.context)],
      [],
      'diagnostics',
    ),
  );
  connection.onPrepareRename(on('prepareRename', (s, p) => orRefuse(prepareRename(s, p.position)), null));
  connection.onRenameRequest(
    on(
      'rename',
      (s, p) => {
        const edits = orRefuse(rename(s, p.position, p.newName));
        return edits instanceof ResponseError ? edits : { changes: { [p.textDocument.uri]: [...edits] } };
      },
      null,
    ),
  );
  semanticTokenFeatures(connection, documents, on);
  callHierarchyFeatures(connection, documents, on, guard);
  const empty: DocumentDiagnosticReport = { kind: DocumentDiagnosticReportKind.Full, items: [] };
  const diagnostic = on<DocumentDiagnosticParams, DocumentDiagnosticReport>(
    'diagnostic',
    (s, p) => documentDiagnostics(s, p.textDocument.uri, host.docs, p.previousResultId),
    empty,
    'diagnostics',
  );
  connection.languages.diagnostics.on((params, token) => {
    const items = configuration.diagnosticsOf(params.textDocument.uri);
    return items === undefined ? diagnostic(params, token) : { kind: 'full', items };
  });
}

type On = <P extends OfDocument, R>(
  name: string,
  answer: (snapshot: Snapshot, params: P) => Answer<R>,
  otherwise: R,
  /** What of the text has to be known; 'model' where nothing is said. */
  needs?: Stage,
) => (params: P, token: CancellationToken) => Promise<Answer<R>>;

function semanticTokenFeatures(connection: Connection, documents: Documents, on: On): void {
  const { semanticTokens: tokens } = connection.languages;
  const history = new TokenHistory();
  documents.onClose((uri) => history.forget(uri));
  const none: SemanticTokens = { data: [] };
  tokens.on(on('semanticTokens', (s, p) => history.full(p.textDocument.uri, semanticTokens(s)), none));
  tokens.onDelta(
    on<SemanticTokensDeltaParams, SemanticTokens | SemanticTokensDelta>(
      'semanticTokens/delta',
      (s, p) => history.delta(p.textDocument.uri, p.previousResultId, semanticTokens(s)),
      none,
    ),
  );
  tokens.onRange(
    on(
      'semanticTokens/range',
      (s, p) => semanticTokens(s, { start: toOffset(s, p.range.start), end: toOffset(s, p.range.end) }),
      none,
    ),
  );
}

function callHierarchyFeatures(connection: Connection, documents: Documents, on: On, guard: Guard): void {
  const { callHierarchy } = connection.languages;
  callHierarchy.onPrepare(
    on('callHierarchy', (s, p) => [...prepareCallHierarchy(s, p.textDocument.uri, p.position)], []),
  );
  const calls = <R>(name: string, answer: (s: Snapshot, item: CallHierarchyItem) => readonly R[]) =>
    guard<{ readonly item: CallHierarchyItem }, R[]>(
      name,
      async ({ item }) => {
        const snapshot = await documents.at(item.uri, 'model');
        if (snapshot === 'modified') return modified();
        return snapshot ? [...answer(snapshot, item)] : [];
      },
      [],
    );
  callHierarchy.onIncomingCalls(calls('incomingCalls', incomingCalls));
  callHierarchy.onOutgoingCalls(calls('outgoingCalls', outgoingCalls));
}

/** What a rename cannot do is told to the user, by the error that LSP has for it. */
function orRefuse<T extends object>(result: T | Refused): T | ResponseError<never> {
  return 'refused' in result ? new ResponseError<never>(LSPErrorCodes.RequestFailed, result.refused) : result;
}
