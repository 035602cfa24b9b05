// Drives a window of a real VS Code the way a person does: keys, mouse, and what is to be read on the screen. Waits on
// what appears, never for a fixed time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as act from './actions.ts';
import { takePictures, type PictureOptions } from './pictures.ts';
import type { Page } from './playwright.ts';
import { languageServers, newestLog, signalLanguageServers } from './processes.ts';
import * as screen from './screen.ts';
import { TIDY_KEY, type EditorServer, type Settings } from './server.ts';
import { writeSettings } from './workspace.ts';

/** What a window shows: a folder or a workspace file, and a file in the editor. Paths on disk, or URIs. */
export interface Place {
  readonly folder?: string;
  readonly workspace?: string;
  readonly file: string;
}

/** One browser window that shows a workspace. */
export interface Window {
  readonly page: Page;
  /** The workspace's folder on disk; where there is none, what the window was opened on. */
  readonly workspace: string;
  /** The text of the file that was shown last, as it is on disk. */
  onDisk(): string;
  /** Closes all that is open, without saving it. */
  tidy(): Promise<void>;
  /** Opens a file of the workspace. */
  show(file: string): Promise<void>;
  /** Waits until the language server answers. */
  ready(): Promise<void>;
  /** Ends the language server's process the hard way, as a crash would. */
  killServer(): void;
  /** Stops it where it is, so that it answers nothing any more and does not end when it is asked to. */
  hangServer(): void;
  /** The ids of the processes of the language server. */
  servers(): readonly string[];
  /** Runs a command by its title in the command palette; one that `asks` goes on with a list or a field. */
  command(title: string, then?: 'asks'): Promise<void>;
  /** Is there a command of this title in the command palette? */
  offers(title: string): Promise<boolean>;
  /** Puts the cursor at the start of the nth (from 0) occurrence of a text of the file on disk. */
  goTo(text: string, occurrence?: number): Promise<void>;
  /** Rests the mouse on a text until its hover shows `expected`; gives the whole text of the hover. */
  hover(text: string, expected: RegExp, occurrence?: number): Promise<string>;
  /** Opens the Problems view and gives its rows once one matches. */
  problems(expected: RegExp): Promise<readonly string[]>;
  /** Opens the quick fixes at the cursor and gives the title of one that matches. */
  quickFix(expected: RegExp): Promise<string>;
  /** Waits until the editor counts so many errors (and, for 0, no warnings either). */
  errorCount(expected: number): Promise<void>;
  /** Clicks the button of the editor's title bar that has this title. */
  titleButton(title: string): Promise<void>;
  /** The texts that the extension draws after lines, once one matches. */
  decorations(expected: RegExp): Promise<readonly string[]>;
  /** Waits until no text after a line matches. */
  noDecorations(gone: RegExp): Promise<void>;
  /** Waits for an element that shows a text that matches. */
  shows(selector: string, expected: RegExp): Promise<string>;
  /** The text of the first web view whose text matches. */
  webview(expected: RegExp): Promise<string>;
  /** Saves the file; gives its text on disk once it matches. */
  save(expected: RegExp): Promise<string>;
  /** Gives the workspace these settings and no others, as if their file were edited, and waits until they hold. */
  set(settings: Settings): Promise<void>;
  /** The log of the extension so far. */
  log(): string;
  /**
   * Takes pictures in the light, the high-contrast and the dark theme; those of the documentation may be copied to
   * docs/images.
   */
  picture(name: string, options?: PictureOptions): Promise<void>;
}

/** Opens a window on `place` and waits until its file is shown. */
export async function openWindow(page: Page, server: EditorServer, place: Place): Promise<Window> {
  const { folder, workspace, file } = place;
  const window = await windowOf(page, server, place);
  const uri = file.startsWith('/') ? `vscode-remote://127.0.0.1:${server.port}${file}` : file;
  const query = new URLSearchParams({
    ...(folder !== undefined && { folder }),
    ...(workspace !== undefined && { workspace }),
    payload: JSON.stringify([['openFile', uri]]),
  });
  await page.goto(`http://127.0.0.1:${server.port}/?${query}`, { timeout: 60_000 });
  await shown(page);
  if (workspace !== undefined) await withFolders(page);
  return window;
}

const shown = (page: Page): Promise<void> =>
  page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });

/**
 * Loads a workspace again that is shown without its folders: on a busy machine VS Code (1.139) may be done with its
 * start before it has read the workspace's file, and shows "No Folder Opened" for good.
 */
async function withFolders(page: Page): Promise<void> {
  const folders = page.locator('.explorer-folders-view .monaco-list-row').first();
  for (let reloads = 0; reloads < 3; reloads++) {
    const there = await folders.waitFor({ timeout: 10_000 }).then(
      () => true,
      () => false,
    );
    if (there) return;
    await page.reload();
    await shown(page);
  }
  await folders.waitFor();
}

/** What can be done in the page of a window. */
export async function windowOf(page: Page, { folder }: EditorServer, place: Place): Promise<Window> {
  const workspace = place.folder ?? place.workspace ?? '';
  let path = place.file;
  await page.setViewportSize({ width: 1360, height: 800 });
  await page.emulateMedia({ colorScheme: 'dark' });
  const onDisk = () => readFileSync(path, 'utf8');
  return {
    page,
    workspace,
    onDisk,
    tidy: () => act.tidy(page, TIDY_KEY),
    async show(file) {
      path = join(workspace, file);
      await act.openFile(page, path);
    },
    ready: () =>
      page.locator('.statusbar-item[id*="pvpolicy.status"] .codicon-shield').waitFor({ timeout: 60_000 }),
    killServer: () => signalLanguageServers(folder, 'SIGKILL'),
    hangServer: () => signalLanguageServers(folder, 'SIGSTOP'),
    servers: () => languageServers(folder),
    command: (title, then) => act.runCommand(page, title, then),
    offers: (title) => act.offersCommand(page, title),
    goTo: (text, occurrence = 0) => act.goToPosition(page, onDisk(), text, occurrence),
    async hover(text, expected, occurrence = 0) {
      await act.goToPosition(page, onDisk(), text, occurrence);
      return act.hoverAtCursor(page, expected);
    },
    problems: (expected) => act.problems(page, expected),
    quickFix: (expected) => act.openQuickFixes(page, expected),
    async errorCount(expected) {
      const label = expected === 0 ? /^No Problems$/ : new RegExp(`^Errors: ${expected}\\b`);
      await screen.waitForLabel(page.locator('#status\\.problems a'), label);
    },
    titleButton: (title) => page.locator(`.editor-actions a[aria-label^="${title}"]`).click(),
    decorations: (expected) => screen.drawnAfterLines(page, expected),
    noDecorations: (gone) => screen.nothingAfterLines(page, gone),
    shows: (selector, expected) => screen.waitForText(page.locator(selector), expected),
    webview: (expected) => screen.webviewText(page, expected),
    save: (expected) => act.saveAndRead(page, onDisk, expected),
    async set(settings) {
      // Marks that nobody sees at the end of the window's title tell that the window has read them.
      const marks = async (): Promise<string> => /\u200b*$/u.exec(await page.title())?.[0] ?? '';
      const more = `${await marks()}\u200b`;
      writeSettings(workspace, { ...settings, 'window.title': `${TITLE}${more}` });
      await screen.until(
        async () => (await marks()) === more,
        () => 'the settings hold',
      );
    },
    log: () => newestLog(join(folder, 'user-data/logs')),
    picture: (name, options = {}) => takePictures(page, name, options),
  };
}

const TITLE = '${activeEditorShort}${separator}${rootName}';
