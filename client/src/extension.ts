import { workspace, type ExtensionContext } from 'vscode';
import { forkServer, type ServerProcess } from './server-process.ts';
import { setting } from './settings.ts';
import { StartClock } from './start-clock.ts';

const clock = new StartClock();

/** Starts a server, with the policies that are open now to begin with. */
const launch = (): ServerProcess =>
  forkServer({
    settings: { kernelProfile: setting<string>('kernelProfile') },
    policies: workspace.textDocuments
      .filter(({ languageId }) => languageId === 'pvpolicy')
      .map((document) => ({ uri: document.uri.toString(), text: document.getText() })),
  });

// VS Code calls `activate` only when it has fetched what the extension has stored, which takes as long as all that
// follows. None of it is needed to check policies, so the server starts now, and the client as soon as VS Code has sent
// its request: in the next turn.
let first: ServerProcess | undefined = launch();
clock.note('forked');
const client = new Promise((resolve) => setTimeout(resolve)).then(async () => {
  const { PolicyClient } = await import('./policy-client.ts');
  clock.note('required');
  const made = new PolicyClient(() => {
    const process = first ?? launch();
    first = undefined;
    return process;
  }, clock);
  void made.start();
  return made;
});

/** Called by VS Code when the first policy is opened. */
export async function activate(context: ExtensionContext): Promise<void> {
  clock.note('activated');
  const [{ assemble }, made] = await Promise.all([import('./parts.ts'), client]);
  assemble(context, made);
}

/** Called by VS Code before it ends. */
export async function deactivate(): Promise<void> {
  await (await client).stop();
}
