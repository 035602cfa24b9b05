// Drives a real VS Code (as a server, shown in headless Chromium) the way a person does: keys, mouse, and what
// is to be read on the screen. Waits on what appears, never for a fixed time.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from './playwright.ts';
import { drawnAfterLines, nothingAfterLines, waitForLabel, waitForText, webviewText } from './screen.ts';
import { startServer, type EditorServer } from './server.ts';
import { loadChromium, type EditorTools } from './tools.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Where the screenshots go; kept until the next run. */
export const shots = process.env['PVPOLICY_SHOTS'] ?? join(tmpdir(), 'pvpolicy-shots');
const images = join(repository, 'docs/images');

const browserFlags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync --disable-dev-shm-usage';

/** Settings of a workspace. */
export type Settings = Readonly<Record<string, unknown>>;

/** A server with the extension installed, and a browser. */
export interface Editor {
  /** Opens a fresh window on a fresh copy of the workspace, with a file of it in the editor. */
  open(file: string, settings?: Settings): Promise<Window>;
  stop(): Promise<void>;
}

/** One browser window that shows the workspace. */
export interface Window {
  readonly page: Page;
  /** The workspace's folder on disk. */
  readonly workspace: string;
  /** The text of the open file as it is on disk. */
  onDisk(): string;
  /** Waits until the language server answers. */
  ready(): Promise<void>;
  /** Ends the language server's process the hard way, as a crash would. */
  killServer(): void;
  /** Runs a command by its title in the command palette; one that `asks` goes on with a list or a field. */
  command(title: string, then?: 'asks'): Promise<void>;
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
  /** Changes a setting of the workspace, as if its file were edited. */
  set(settings: Settings): void;
  /** The log of the extension so far. */
  log(): string;
  /**
   * Takes a picture in the light and the dark theme; one for the documentation in high contrast too, and it may be
   * copied to docs/images.
   * `again` is done before each, for what does not survive the change of the theme.
   */
  picture(name: string, use?: 'documentation', again?: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts everything. `vsix` is the packaged extension; a workspace is a copy of the folders `sources`, laid one over
 * the other. What it writes (except pictures) is below one temporary folder that `stop` removes.
 */
export async function startEditor(
  tools: EditorTools,
  vsix: string,
  sources: readonly string[],
): Promise<Editor> {
  const scratch = mkdtempSync(join(tmpdir(), 'pvpolicy-editor-'));
  const home = join(scratch, 'server');
  mkdirSync(home);
  const server = await startServer(tools, home, vsix);
  let browser: BrowserContext | undefined;
  const stop = async () => {
    await browser?.close();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    browser = await loadChromium(tools).launchPersistentContext(join(scratch, 'profile'), {
      executablePath: tools.chromium,
      headless: true,
      viewport: { width: 1360, height: 800 },
      args: browserFlags.split(' '),
      timeout: 60_000,
    });
    browser.setDefaultTimeout(20_000);
  } catch (error) {
    await stop();
    throw error;
  }
  const context = browser;
  let windows = 0;
  return {
    async open(file, settings) {
      const workspace = join(scratch, `window-${++windows}`, 'policies');
      for (const source of sources) cpSync(source, workspace, { recursive: true, filter: isShown });
      if (settings) writeSettings(workspace, settings);
      return openWindow(await context.newPage(), server, workspace, file);
    },
    stop,
  };
}

async function openWindow(
  page: Page,
  server: EditorServer,
  workspace: string,
  file: string,
): Promise<Window> {
  const path = join(workspace, file);
  await page.emulateMedia({ colorScheme: 'dark' });
  const payload = JSON.stringify([['openFile', `vscode-remote://127.0.0.1:${server.port}${path}`]]);
  const query = new URLSearchParams({ folder: workspace, payload });
  await page.goto(`http://127.0.0.1:${server.port}/?${query}`, { timeout: 60_000 });
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 });

  const onDisk = () => readFileSync(path, 'utf8');
  const window: Window = {
    page,
    workspace,
    onDisk,
    ready: () =>
      page.locator('.statusbar-item[id*="pvpolicy.status"] .codicon-shield').waitFor({ timeout: 60_000 }),
    killServer: () => killLanguageServers(server.folder),
    command: (title, then) => runCommand(page, title, then),
    goTo: (text, occurrence = 0) => goToPosition(page, onDisk(), text, occurrence),
    async hover(text, expected, occurrence = 0) {
      await goToPosition(page, onDisk(), text, occurrence);
      return hoverAtCursor(page, expected);
    },
    async problems(expected) {
      const rows = page.locator('.markers-panel .monaco-list-row');
      if ((await rows.count()) === 0) await page.keyboard.press('Control+Shift+M');
      await waitForText(rows, expected);
      return rows.allInnerTexts();
    },
    quickFix: (expected) => openQuickFixes(page, expected),
    async errorCount(expected) {
      const label = expected === 0 ? /^No Problems$/ : new RegExp(`^Errors: ${expected}\\b`);
      await waitForLabel(page.locator('#status\\.problems a'), label);
    },
    titleButton: (title) => page.locator(`.editor-actions a[aria-label^="${title}"]`).click(),
    decorations: (expected) => drawnAfterLines(page, expected),
    noDecorations: (gone) => nothingAfterLines(page, gone),
    shows: (selector, expected) => waitForText(page.locator(selector), expected),
    webview: (expected) => webviewText(page, expected),
    save: (expected) => saveAndRead(page, onDisk, expected),
    set: (settings) => writeSettings(workspace, settings),
    log: () => newestLog(join(server.folder, 'user-data/logs')),
    async picture(name, use, again) {
      const themes =
        use === undefined ? (['light', 'dark'] as const) : (['light', 'contrast', 'dark'] as const);
      for (const theme of themes) {
        const file = await takePicture(page, name, theme, again);
        if (theme !== 'contrast' && use === 'documentation' && process.env['UPDATE_IMAGES'] === '1')
          keep(file);
      }
    },
    // Leaving the page tells the server to end the window's extension host.
    close: () => page.close({ runBeforeUnload: true }),
  };
  return window;
}

/** The gallery would fill the lists of every picture. */
const isShown = (path: string): boolean => basename(path) !== 'gallery';

function writeSettings(workspace: string, settings: Settings): void {
  mkdirSync(join(workspace, '.vscode'), { recursive: true });
  writeFileSync(join(workspace, '.vscode/settings.json'), JSON.stringify(settings));
}

/** Kills every process that runs the language server of the extension installed below `folder`. */
function killLanguageServers(folder: string): void {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const servers = ids.filter((id) => {
    const line = commandLine(id);
    return line.includes(folder) && line.includes('--clientProcessId');
  });
  if (servers.length === 0) throw new Error('no language server is running');
  for (const id of servers) process.kill(Number(id), 'SIGKILL');
}

/** Empty for a process that has ended since it was listed. */
function commandLine(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function runCommand(page: Page, title: string, then?: 'asks'): Promise<void> {
  await page.keyboard.press('F1');
  const rows = page.locator('.quick-input-list .monaco-list-row');
  await rows.first().waitFor();
  await page.keyboard.type(title);
  // The first row need not be it: commands of similar names come first where they were used.
  await page.locator(`.quick-input-list .monaco-list-row[aria-label^="${title}"]`).first().click();
  // What asks has the same widget; the title of the command is no longer in it.
  const done =
    then === 'asks' ? rows.locator('.focused', { hasText: title }) : page.locator('.quick-input-widget');
  await done.waitFor({ state: 'hidden' });
}

async function goToPosition(page: Page, content: string, text: string, occurrence: number): Promise<void> {
  let offset = content.indexOf(text);
  for (let skipped = 0; skipped < occurrence && offset >= 0; skipped++)
    offset = content.indexOf(text, offset + 1);
  if (offset < 0) throw new Error(`the file does not hold ${JSON.stringify(text)}`);
  const before = content.slice(0, offset).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+g');
  await page.locator('.quick-input-widget').waitFor();
  await page.keyboard.type(`${before.length}:${column}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** The language server may still be starting, so the mouse leaves and comes back until the hover is there. */
async function hoverAtCursor(page: Page, expected: RegExp): Promise<string> {
  const cursor = page.locator('.monaco-editor.focused .cursors-layer .cursor').first();
  const hovers = page.locator('.monaco-editor .monaco-hover:not(.hidden)');
  let seen = '';
  for (let attempt = 0; attempt < 10; attempt++) {
    const box = await cursor.boundingBox();
    if (box === null) throw new Error('the cursor is not on the screen');
    await page.mouse.move(box.x + 6, box.y + box.height / 2, { steps: 4 });
    for (let waited = 0; waited < 3_000; waited += 200) {
      await page.waitForTimeout(200);
      seen = (await hovers.allInnerTexts()).join('\n');
      if (expected.test(seen)) return seen;
    }
    await page.mouse.move(5, 795);
  }
  throw new Error(`no hover that matches ${String(expected)}; the last one was: ${seen}`);
}

/** The list closes again when diagnostics arrive while it opens, so it is asked for until it stays. */
async function openQuickFixes(page: Page, expected: RegExp): Promise<string> {
  const rows = page.locator('.action-widget .monaco-list-row');
  for (let attempt = 0; attempt < 4; attempt++) {
    await page.keyboard.press('Control+.');
    const found = await waitForText(rows, expected, 5_000).catch(() => undefined);
    if (found !== undefined) return found;
    await page.keyboard.press('Escape');
  }
  throw new Error(`no quick fix that matches ${String(expected)}`);
}

/** The tab loses its mark before the file is written, so the disk is what counts. */
async function saveAndRead(page: Page, onDisk: () => string, expected: RegExp): Promise<string> {
  await page.keyboard.press('Control+s');
  for (let waited = 0; waited < 10_000; waited += 100) {
    if (expected.test(onDisk())) break;
    await page.waitForTimeout(100);
  }
  const text = onDisk();
  if (!expected.test(text)) throw new Error(`the saved file does not match ${String(expected)}:\n${text}`);
  return text;
}

/** The newest log that the extension wrote below `folder`; '' while there is none. */
function newestLog(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('PV Policy.log'))
    .map((name) => join(folder, name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return files[0] === undefined ? '' : readFileSync(files[0], 'utf8');
}

const THEMES = {
  dark: { media: { colorScheme: 'dark', forcedColors: 'none' }, shown: '.monaco-workbench.vs-dark' },
  light: { media: { colorScheme: 'light', forcedColors: 'none' }, shown: '.monaco-workbench.vs' },
  contrast: { media: { colorScheme: 'dark', forcedColors: 'active' }, shown: '.monaco-workbench.hc-black' },
} as const;

/** The editor follows what the system prefers, at once and with pop-ups left open. */
async function takePicture(
  page: Page,
  name: string,
  theme: keyof typeof THEMES,
  again?: () => Promise<unknown>,
): Promise<string> {
  const { media, shown } = THEMES[theme];
  await page.emulateMedia(media);
  await page.locator(shown).first().waitFor();
  await again?.();
  mkdirSync(shots, { recursive: true });
  const path = join(shots, `${name}-${theme}.png`);
  await page.screenshot({ path, animations: 'disabled' });
  return path;
}

/** Puts a picture, made small, into the documentation; the dark one has the plain name. */
function keep(path: string): void {
  mkdirSync(images, { recursive: true });
  const kept = join(images, basename(path).replace('-dark', ''));
  execFileSync('pngquant', ['--force', '--strip', '--speed', '1', '--output', kept, path]);
  const bytes = statSync(kept).size;
  if (bytes > 200_000)
    throw new Error(`${kept} has ${bytes} bytes; a picture of the documentation may have 200,000`);
}
