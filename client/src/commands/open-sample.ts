import { commands, Uri, window, workspace, type Disposable, type ExtensionContext } from 'vscode';
import { COMMANDS } from '../commands.ts';

const POLICY = 'irq_boost.pvpolicy';
const TRACE = 'traces/eevdf-3vm.trace.gz';

/** Open the Sample Policy: a copy to play with, and its trace beside it, so that Simulate works at once. */
export const registerOpenSample = ({ extensionUri, globalStorageUri }: ExtensionContext): Disposable =>
  commands.registerCommand(COMMANDS.openSample, async () => {
    const folder = Uri.joinPath(globalStorageUri, 'sample');
    const policy = await copied(extensionUri, folder, POLICY);
    await copied(extensionUri, folder, TRACE);
    await window.showTextDocument(policy);
  });

/** A copy that is there already, with what the user wrote into it, stays. */
async function copied(extension: Uri, folder: Uri, path: string): Promise<Uri> {
  const copy = Uri.joinPath(folder, path);
  const exists = await workspace.fs.stat(copy).then(
    () => true,
    () => false,
  );
  if (!exists) await workspace.fs.copy(Uri.joinPath(extension, 'examples', path), copy);
  return copy;
}
