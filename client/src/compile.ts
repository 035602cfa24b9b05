import {
  commands,
  Uri,
  ViewColumn,
  window,
  workspace,
  type ExtensionContext,
  type TextDocument,
} from 'vscode';
import { COMMANDS } from './commands.ts';
import type { PolicyClient } from './policy-client.ts';
import { targetPolicy } from './target.ts';

/** The command Compile: writes the generated files beside the policy and opens the BPF C. */
export function activateCompile(context: ExtensionContext, client: PolicyClient): void {
  const compiled = new Set<string>();
  context.subscriptions.push(
    commands.registerCommand(COMMANDS.compile, async (argument: unknown) => {
      const document = await targetPolicy(argument);
      if (!document) return;
      const written = await compile(client, document);
      if (!written) return;
      compiled.add(document.uri.toString());
      const source = written.find(
        (file) => file.path.endsWith('.bpf.c') && !file.path.endsWith('.guest.bpf.c'),
      );
      if (source)
        await window.showTextDocument(source, { viewColumn: ViewColumn.Beside, preserveFocus: true });
    }),
    // Files that were asked for once are kept in step with the policy.
    workspace.onDidSaveTextDocument((document) => {
      if (compiled.has(document.uri.toString()) && setting<boolean>('compile.onSave')) {
        void compile(client, document, true);
      }
    }),
  );
}

/** Writes the files; undefined, with the reason shown unless `quiet`, where the policy does not compile. */
async function compile(
  client: PolicyClient,
  document: TextDocument,
  quiet = false,
): Promise<readonly Uri[] | undefined> {
  const result = await client.compile({ uri: document.uri.toString() });
  if (!result.ok) {
    if (!quiet) await tellFailure(document, result.message);
    return undefined;
  }
  if (document.isUntitled) {
    await window.showWarningMessage('Save the policy first: its files are written beside it.');
    return undefined;
  }
  const folder = Uri.joinPath(document.uri, '..', setting<string>('compile.outputFolder') ?? 'out');
  await workspace.fs.createDirectory(folder);
  const encoder = new TextEncoder();
  return Promise.all(
    result.files.map(async ({ name, text }) => {
      const file = Uri.joinPath(folder, name);
      await workspace.fs.writeFile(file, encoder.encode(text));
      return file;
    }),
  );
}

async function tellFailure(document: TextDocument, message: string): Promise<void> {
  const show = 'Show Problems';
  const chosen = await window.showErrorMessage(`${name(document)} was not compiled: ${message}`, show);
  if (chosen === show) await commands.executeCommand('workbench.actions.view.problems');
}

const name = (document: TextDocument): string => document.uri.path.split('/').at(-1) ?? 'The policy';

const setting = <T>(key: string): T | undefined => workspace.getConfiguration('pvpolicy').get<T>(key);
