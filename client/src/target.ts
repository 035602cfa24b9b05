import { commands, TabInputText, Uri, window, workspace, type TextDocument } from 'vscode';
import { COMMANDS } from './commands.ts';
import { hasErrors } from './refusal.ts';
import { nameOf } from './settings.ts';

/**
 * The policy that a command is about: the one that a lens names by its URI, the one of the editor title that VS Code
 * hands over, the one of a row of a view, else the one of the active editor. Where something else is in front, such as
 * the walkthrough or a report, a policy that is open is brought there. Undefined where the user chose none.
 */
export async function targetPolicy(argument: unknown): Promise<TextDocument | undefined> {
  const uri = uriOf(argument);
  const document = uri ? await workspace.openTextDocument(uri) : window.activeTextEditor?.document;
  return isPolicy(document) ? document : openPolicy();
}

const isPolicy = (document: TextDocument | undefined): document is TextDocument =>
  document?.languageId === 'pvpolicy';

/** One that is to be seen, one of the tabs (without errors, where there are such), or the sample. */
async function openPolicy(): Promise<TextDocument | undefined> {
  const seen = window.visibleTextEditors.map(({ document }) => document).filter(isPolicy);
  if (seen[0] && seen.length === 1) return seen[0];
  const inTabs = window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) => (input instanceof TabInputText ? [input.uri] : []))
    .filter(({ path }) => path.endsWith('.pvpolicy'));
  const uris = [...new Map(inTabs.map((uri) => [uri.toString(), uri])).values()];
  if (uris.length === 0) return offerSample();
  const sound = uris.filter((uri) => !hasErrors(uri));
  const rows = (sound.length === 0 ? uris : sound).map((uri) => ({
    label: nameOf(uri.path),
    description: workspace.asRelativePath(uri),
    uri,
  }));
  const chosen =
    rows.length === 1
      ? rows[0]
      : await window.showQuickPick(rows, { title: 'Which policy?', ignoreFocusOut: true });
  return chosen && (await window.showTextDocument(chosen.uri, { preview: false })).document;
}

async function offerSample(): Promise<TextDocument | undefined> {
  const sample = 'Open the Sample Policy';
  if ((await window.showInformationMessage('No policy is open.', sample)) !== sample) return undefined;
  await commands.executeCommand(COMMANDS.openSample);
  const document = window.activeTextEditor?.document;
  return isPolicy(document) ? document : undefined;
}

function uriOf(argument: unknown): Uri | undefined {
  if (typeof argument === 'string') return Uri.parse(argument);
  if (argument instanceof Uri) return argument;
  return isRow(argument) ? argument.policy : undefined;
}

/** The scenario that a lens names, or that a row of a view stands for; undefined: the policy's first. */
export function targetScenario(argument: unknown, scenario: unknown): string | undefined {
  if (isRow(argument)) return argument.name;
  return typeof scenario === 'string' ? scenario : undefined;
}

const isRow = (argument: unknown): argument is { readonly policy: Uri; readonly name?: string } =>
  typeof argument === 'object' && argument !== null && 'policy' in argument && argument.policy instanceof Uri;
