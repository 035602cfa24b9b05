import { commands, EventEmitter, Uri, workspace, type TextDocument } from 'vscode';
import type { CompileResult } from '../../../server/src/lsp/protocol.ts';
import { nameOf, setting } from '../settings.ts';

/** Where generated C is shown that has no place on a disk. */
export const SCHEME = 'pvpolicy-c';

type Files = (CompileResult & { readonly ok: true })['files'];

/** The generated files of the policies that were compiled in this session. */
export class GeneratedFiles {
  private readonly changed = new EventEmitter<Uri>();
  private readonly texts = new Map<string, string>();
  private readonly sources = new Map<string, { readonly c: Uri; readonly policy: Uri }>();
  /** Shows files that are not on a disk; for `registerTextDocumentContentProvider`. */
  readonly provider = {
    onDidChange: this.changed.event,
    provideTextDocumentContent: (uri: Uri): string | undefined => this.texts.get(uri.toString()),
  };

  /** Puts the files beside the policy, or where that is no file in memory; gives where the BPF C is. */
  async put(policy: TextDocument, files: Files): Promise<Uri | undefined> {
    const uris = policy.uri.scheme === 'file' ? await write(policy, files) : this.keep(policy, files);
    const source = uris.find(({ path }) => path.endsWith('.bpf.c') && !path.endsWith('.guest.bpf.c'));
    if (!source) return undefined;
    this.sources.set(policy.uri.toString(), { c: source, policy: policy.uri });
    void commands.executeCommand('setContext', 'pvpolicy.hasCompiled', true);
    return source;
  }

  has(policy: Uri): boolean {
    return this.sources.has(policy.toString());
  }

  /** The C of a policy, or the policy of a C file, as both. */
  pairOf(uri: Uri): { readonly c: Uri; readonly policy: Uri } | undefined {
    const key = uri.toString();
    return this.sources.get(key) ?? [...this.sources.values()].find(({ c }) => c.toString() === key);
  }

  private keep(policy: TextDocument, files: Files): readonly Uri[] {
    return files.map(({ name, text }) => {
      const uri = Uri.from({ scheme: SCHEME, path: `/${nameOf(policy.uri.path)}/${name}` });
      this.texts.set(uri.toString(), text);
      this.changed.fire(uri);
      return uri;
    });
  }
}

async function write(policy: TextDocument, files: Files): Promise<readonly Uri[]> {
  const folder = Uri.joinPath(policy.uri, '..', setting<string>('compile.outputFolder', policy));
  await workspace.fs.createDirectory(folder);
  const encoder = new TextEncoder();
  return Promise.all(
    files.map(async ({ name, text }) => {
      const file = Uri.joinPath(folder, name);
      await workspace.fs.writeFile(file, encoder.encode(text));
      return file;
    }),
  );
}
