import { commands, Uri, workspace, type Disposable, type ExtensionContext } from 'vscode';
import { COMMANDS } from '../commands.ts';

/** A policy to play with: what is copied for it, from where in the extension to where in its folder; the policy first. */
type Sample = readonly (readonly [from: string, to: string])[];

const SOUND: Sample = [
  ['examples/irq_boost.pvpolicy', 'irq_boost.pvpolicy'],
  ['examples/traces/eevdf-3vm.trace.gz', 'traces/eevdf-3vm.trace.gz'],
];
const UNSAFE: Sample = [['client/samples/unsafe.pvpolicy', 'unsafe.pvpolicy']];

/** Open the Sample Policy, with its trace beside it so that Simulate works at once; Open an Unsafe Sample. */
export const registerOpenSample = (context: ExtensionContext): Disposable[] => [
  commands.registerCommand(COMMANDS.openSample, () => open(context, SOUND)),
  commands.registerCommand(COMMANDS.openUnsafeSample, () => open(context, UNSAFE)),
];

async function open({ extensionUri, globalStorageUri }: ExtensionContext, sample: Sample): Promise<void> {
  const [policy] = await Promise.all(
    sample.map(async ([from, to]) => {
      const copy = Uri.joinPath(globalStorageUri, 'sample', to);
      // A copy that is there already, with what the user wrote into it, stays.
      const exists = await workspace.fs.stat(copy).then(
        () => true,
        () => false,
      );
      if (!exists) await workspace.fs.copy(Uri.joinPath(extensionUri, from), copy);
      return copy;
    }),
  );
  if (policy) await commands.executeCommand('vscode.open', policy, { preview: false });
}
