import {
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
  type Connection,
  type Diagnostic,
  type DocumentDiagnosticReport,
  type SemanticTokens,
} from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { codeActions } from './code-actions.ts';
import { codeLenses } from './code-lens.ts';
import { completion } from './completion.ts';
import { toOffset } from './convert.ts';
import { definition } from './definition.ts';
import type { Documents } from './documents.ts';
import { folding } from './folding.ts';
import { formatting } from './formatting.ts';
import type { Guard } from './guard.ts';
import { highlights } from './highlight.ts';
import { hover } from './hover.ts';
import { toLsp, type Docs } from './publish.ts';
import { references } from './references.ts';
import { prepareRename, rename, type Refused } from './rename.ts';
import { semanticTokens } from './semantic-tokens.ts';
import { signatureHelp } from './signature-help.ts';
import { symbols } from './symbols.ts';

interface OfDocument {
  readonly textDocument: { readonly uri: string };
}

/** Answers the requests of LSP that are about one document: each by a function of its snapshot. */
export function registerFeatures(
  connection: Connection,
  documents: Documents,
  guard: Guard,
  docs: Docs,
): void {
  const on = <P extends OfDocument, R>(
    name: string,
    answer: (snapshot: Snapshot, params: P) => R,
    otherwise: R,
  ) =>
    guard<P, R>(
      name,
      (params) => {
        const snapshot = documents.get(params.textDocument.uri);
        return snapshot ? answer(snapshot, params) : otherwise;
      },
      otherwise,
    );

  connection.onHover(on('hover', (s, p) => hover(s, p.position) ?? null, null));
  connection.onCompletion(
    on('completion', (s, p) => completion(s, p.position), { isIncomplete: false, items: [] }),
  );
  connection.onSignatureHelp(on('signatureHelp', (s, p) => signatureHelp(s, p.position) ?? null, null));
  connection.onDocumentSymbol(on('symbols', (s) => [...symbols(s)], []));
  connection.onDocumentFormatting(on('formatting', (s) => [...formatting(s)], []));
  connection.onFoldingRanges(on('folding', (s) => [...folding(s)], []));
  connection.onDocumentHighlight(on('highlight', (s, p) => [...highlights(s, p.position)], []));
  connection.onCodeLens(on('codeLens', (s, p) => [...codeLenses(s, p.textDocument.uri)], []));
  connection.onDefinition(
    on(
      'definition',
      (s, p) => {
        const range = definition(s, p.position);
        return range ? { uri: p.textDocument.uri, range } : null;
      },
      null,
    ),
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
    on('codeAction', (s, p) => [...codeActions(s, p.textDocument.uri, p.range, p.context.diagnostics)], []),
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
  const noTokens: SemanticTokens = { data: [] };
  connection.languages.semanticTokens.on(on('semanticTokens', (s) => semanticTokens(s), noTokens));
  connection.languages.semanticTokens.onRange(
    on(
      'semanticTokens/range',
      (s, p) => semanticTokens(s, { start: toOffset(s, p.range.start), end: toOffset(s, p.range.end) }),
      noTokens,
    ),
  );
  const full = (items: Diagnostic[]): DocumentDiagnosticReport => ({
    kind: DocumentDiagnosticReportKind.Full,
    items,
  });
  connection.languages.diagnostics.on(
    on('diagnostic', (s, p) => full(toLsp(s.diagnostics, s.lines, p.textDocument.uri, docs)), full([])),
  );
}

/** What a rename cannot do is told to the user, by the error that LSP has for it. */
function orRefuse<T extends object>(result: T | Refused): T | ResponseError<never> {
  return 'refused' in result ? new ResponseError<never>(LSPErrorCodes.RequestFailed, result.refused) : result;
}
