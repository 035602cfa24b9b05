import { Uri, type ExtensionContext } from 'vscode';
import type { PolicyClient } from './policy-client.ts';
import { forkServer } from './server-process.ts';

/** ms on the clock of the process. */
const begun = performance.now();

let client: PolicyClient | undefined;

/** Called by VS Code when the first policy is opened. */
export async function activate(context: ExtensionContext): Promise<void> {
  const { extensionUri, globalStorageUri } = context;
  const module = Uri.joinPath(extensionUri, 'dist/server.mjs').fsPath;
  const launch = () => forkServer(module, Uri.joinPath(globalStorageUri, 'compiled').fsPath);
  // The server starts while the rest of the extension is being loaded.
  let first: ReturnType<typeof launch> | undefined = launch();
  const { assemble } = await import('./parts.ts');
  client = assemble(
    context,
    () => {
      const process = first ?? launch();
      first = undefined;
      return process;
    },
    begun,
  );
}

/** Called by VS Code before it ends. */
export function deactivate(): Promise<void> | undefined {
  return client?.stop();
}
