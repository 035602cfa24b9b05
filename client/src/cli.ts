import { Uri, type ExtensionContext } from 'vscode';

/** How to run the command line that the extension brings along; no Node needs to be installed. */
export interface Cli {
  readonly program: string;
  readonly script: string;
  /** The editor's own program is Node where this is set. */
  readonly env: Readonly<Record<string, string>>;
}

export const cliOf = ({ extensionUri }: ExtensionContext): Cli => ({
  program: process.execPath,
  script: Uri.joinPath(extensionUri, 'dist/cli.cjs').fsPath,
  env: { ELECTRON_RUN_AS_NODE: '1' },
});
