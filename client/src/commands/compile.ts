import {
  commands,
  ViewColumn,
  window,
  workspace,
  type Disposable,
  type TextDocument,
  type Uri,
} from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { Follow } from '../compiled/follow.ts';
import { SCHEME, type GeneratedFiles } from '../compiled/generated.ts';
import type { PolicyClient } from '../policy-client.ts';
import { tellRefusal } from '../refusal.ts';
import { setting } from '../settings.ts';
import { targetPolicy } from '../target.ts';

/** Compile: writes the generated files and opens the BPF C beside the policy; they follow every save. */
export function registerCompile(
  client: PolicyClient,
  generated: GeneratedFiles,
  follow: Follow,
): Disposable[] {
  return [
    workspace.registerTextDocumentContentProvider(SCHEME, generated.provider),
    commands.registerCommand(COMMANDS.compile, async (argument: unknown) => {
      const document = await targetPolicy(argument);
      const source = document && (await compile(client, generated, document));
      if (!source) return;
      await window.showTextDocument(source, { viewColumn: ViewColumn.Beside, preserveFocus: true });
      const editor = window.visibleTextEditors.find((one) => one.document === document);
      if (editor) follow.lead(editor);
    }),
    workspace.onDidSaveTextDocument((document) => {
      if (generated.has(document.uri) && setting<boolean>('compile.onSave', document))
        void compile(client, generated, document, true);
    }),
  ];
}

/** Undefined, with the reason shown unless `quiet`, where the policy does not compile. */
async function compile(
  client: PolicyClient,
  generated: GeneratedFiles,
  document: TextDocument,
  quiet = false,
): Promise<Uri | undefined> {
  const result = await client.compile({ uri: document.uri.toString() });
  if (result.ok) return generated.put(document, result.files);
  if (quiet) return undefined;
  void tellRefusal(document, 'compiled', result.message);
  return undefined;
}
