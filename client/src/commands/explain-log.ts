import {
  commands,
  Diagnostic,
  DiagnosticSeverity,
  env,
  languages,
  Range,
  TabInputText,
  window,
  workspace,
  type Disposable,
  type Tab,
  type TextDocument,
} from 'vscode';
import type { ExplainLogResult } from '../../../server/src/lsp/protocol.ts';
import { COMMANDS } from '../commands.ts';
import type { PolicyClient } from '../policy-client.ts';
import { nameOf } from '../settings.ts';
import { targetPolicy } from '../target.ts';

/**
 * Explain a Verifier Log: takes what is selected, the text of an editor that is no policy, or the clipboard, and shows
 * what the kernel refused as problems on the policy's own lines, until the policy is edited.
 */
export function registerExplainLog(client: PolicyClient): Disposable[] {
  const problems = languages.createDiagnosticCollection('pvpolicy verifier');
  return [
    problems,
    commands.registerCommand(COMMANDS.explainLog, async () => {
      const log = await logText();
      if (log === undefined) return;
      const policy = await policyToExplain(log);
      if (!policy) return;
      const findings = await client.explainLog({ uri: policy.uri.toString(), log });
      const diagnostics = diagnosticsOf(findings, policy);
      problems.set(policy.uri, diagnostics);
      if (findings.length === 0) {
        void window.showInformationMessage('The log tells of no refusal.');
        return;
      }
      const at = diagnostics[0]?.range.start;
      await window.showTextDocument(policy, at && { selection: new Range(at, at) });
      await commands.executeCommand('workbench.actions.view.problems');
    }),
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) problems.delete(document.uri);
    }),
    workspace.onDidCloseTextDocument(({ uri }) => problems.delete(uri)),
  ];
}

/** A finding without a line of this policy stands at its first. */
function diagnosticsOf(findings: ExplainLogResult, policy: TextDocument): Diagnostic[] {
  const own = nameOf(policy.uri.path);
  return findings.map(({ program, file, line, exact, message, cause, fix }) => {
    const known =
      line !== undefined && (file === undefined || nameOf(file) === own) && line <= policy.lineCount;
    const where = policy.lineAt(known ? line - 1 : 0);
    const range = new Range(
      where.lineNumber,
      where.firstNonWhitespaceCharacterIndex,
      where.lineNumber,
      where.range.end.character,
    );
    const head = program === undefined ? message : `${program}: ${message}`;
    const place = known && !exact ? ' At this line or after it.' : '';
    const diagnostic = new Diagnostic(range, `${head}\n${cause}${place}\n${fix}`, DiagnosticSeverity.Error);
    diagnostic.source = 'verifier';
    return diagnostic;
  });
}

/** Undefined, with a word to the user, where nothing looks like a log. */
async function logText(): Promise<string | undefined> {
  const editor = window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection) ?? '';
  const whole = editor && editor.document.languageId !== 'pvpolicy' ? editor.document.getText() : '';
  // The clipboard comes last: a browser may ask before it is read.
  const log = [selected, whole].find(isLog) ?? [await env.clipboard.readText()].find(isLog);
  if (log === undefined)
    void window.showInformationMessage(
      'Copy what the loader printed, or open it in an editor, and run this command again.',
    );
  return log;
}

/** Instructions or register states of the verifier, its last line, or what libbpf and bpftool begin lines with. */
const LOG = /^\s*(\d+: \(|R\d+[ _=]|processed \d+ insns|func#\d|libbpf: |Error: |; .*@ )/mu;

const isLog = (text: string): boolean => LOG.test(text);

/** The policy in front; else the only one in a tab that the log names, or that is there at all; else the user picks. */
async function policyToExplain(log: string): Promise<TextDocument | undefined> {
  if (window.activeTextEditor?.document.languageId === 'pvpolicy') return window.activeTextEditor.document;
  const tabs = new Set(window.tabGroups.all.flatMap((group) => group.tabs.map(uriOf)));
  const open = workspace.textDocuments.filter(
    ({ languageId, uri }) => languageId === 'pvpolicy' && tabs.has(uri.toString()),
  );
  const named = open.filter(({ uri }) => log.includes(`${nameOf(uri.path)}:`));
  const fitting = named.length > 0 ? named : open;
  if (fitting.length < 2) return fitting[0] ?? targetPolicy(undefined);
  const names = fitting.map((document) => ({ label: workspace.asRelativePath(document.uri), document }));
  return (await window.showQuickPick(names, { title: 'Which policy is the log of?' }))?.document;
}

const uriOf = ({ input }: Tab): string | undefined =>
  input instanceof TabInputText ? input.uri.toString() : undefined;
