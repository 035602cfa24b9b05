import { commands, FileType, Uri, window, workspace, type Disposable, type ExtensionContext } from 'vscode';
import { COMMANDS } from '../commands.ts';

/** New Policy from Template: an untitled policy that starts as one of the examples. */
export const registerNewPolicy = ({ extensionUri }: ExtensionContext): Disposable =>
  commands.registerCommand(COMMANDS.newPolicy, async () => {
    const templates = await templatesOf(Uri.joinPath(extensionUri, 'examples'));
    const chosen = await window.showQuickPick([EMPTY, ...templates], {
      title: 'New Policy from Template',
      placeHolder: 'What is the policy to do?',
      matchOnDetail: true,
    });
    if (!chosen) return;
    const document = await workspace.openTextDocument({ language: 'pvpolicy', content: chosen.text });
    await window.showTextDocument(document);
  });

interface Template {
  readonly label: string;
  readonly description?: string;
  readonly detail: string;
  readonly text: string;
}

const EMPTY: Template = {
  label: 'Empty',
  detail: 'A header, and a hook to begin with.',
  text: `/// What the policy is for.
policy my_policy for tracing

on tracepoint kvm:kvm_inj_virq(vector) {
    if let v = current_vcpu() {
        log "interrupt {vector} for vCPU {v.id}"
    }
}
`,
};

/** The policies of a folder and of the folders in it, with what their doc comments say. */
async function templatesOf(folder: Uri): Promise<readonly Template[]> {
  const entries = await workspace.fs.readDirectory(folder);
  const found = await Promise.all(
    entries.map(async ([name, type]) => {
      const uri = Uri.joinPath(folder, name);
      if (type === FileType.Directory) return templatesOf(uri);
      if (!name.endsWith('.pvpolicy')) return [];
      return [templateOf(new TextDecoder().decode(await workspace.fs.readFile(uri)))];
    }),
  );
  return found.flat().toSorted((a, b) => a.label.localeCompare(b.label));
}

/** Its name, its target, and its doc comment; the trace of a scenario is not beside the new policy. */
function templateOf(text: string): Template {
  const [, name = '', target = ''] = /^policy\s+(\w+)\s+for\s+(\w+)/mu.exec(text) ?? [];
  const [doc = ''] = /^(?:\/\/\/.*\n)+/u.exec(text) ?? [];
  return {
    label: name,
    description: target,
    detail: doc
      .replaceAll(/^\/\/\/ ?/gmu, '')
      .replaceAll('\n', ' ')
      .trim(),
    text,
  };
}
