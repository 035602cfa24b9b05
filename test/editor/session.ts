// What every scenario file begins with: a window that all tests share, and windows of their own where they need one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { takePicture } from './pictures.ts';
import type { BrowserContext, Page } from './playwright.ts';
import { writeUserSettings, type EditorServer, type Settings } from './server.ts';
import { loadChromium, type EditorTools } from './tools.ts';
import { openWindow, windowOf, type Place, type Window } from './window.ts';
import { newWorkspace, restoreWorkspace, writeSettings } from './workspace.ts';

export interface Session {
  /**
   * The window that the tests share, with nothing open but `file`, the workspace as it was in the beginning, and these
   * settings of the workspace. A test that fails leaves a picture, and the next one gets another window.
   */
  open(file: string, settings?: Settings): Promise<Window>;
  /** A window of the test's own; `user` adds to the user's settings while it is open. */
  openAnother(place: Place, user?: Settings): Promise<Window>;
  /** A folder that goes away after the run. */
  scratch(): string;
  /** The path of a file of the extension as it is installed. */
  installed(file: string): string;
}

type Started = EditorServer & { readonly scratch: string; readonly context: BrowserContext };

// Of the worker, which runs one scenario file after the other.
let starting: Promise<Started> | undefined;
let shared: { readonly page: Page; readonly folder: string } | undefined;

async function start(tools: EditorTools): Promise<Started> {
  const given = inject('editor');
  if (given === undefined) throw new Error('the editor did not start');
  const browser = await loadChromium(tools).connectOverCDP(given.browser);
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('the browser has no window');
  context.setDefaultTimeout(30_000);
  return { ...given, context };
}

/** The windows for the tests of one file. */
export function editorSession(tools: EditorTools): Session {
  const started = (): Promise<Started> => (starting ??= start(tools));
  const scratch = (): string => inject('editor')?.scratch ?? '';

  /** After the test: a picture where it failed. `done` gets whether it did. */
  const afterwards = (page: Page, done: (failed: boolean) => Promise<void>): void =>
    onTestFinished(async ({ task }) => {
      const failed = task.result?.state === 'fail';
      if (failed) await takePicture(page, `failed-${task.name.replace(/\W+/g, '-')}`);
      await done(failed);
    });
  /** Leaving the page tells the server to end the window's extension host. */
  const close = (page: Page): Promise<void> => page.close({ runBeforeUnload: true });

  return {
    scratch,
    installed(file) {
      const extensions = join(inject('editor')?.folder ?? '', 'extensions');
      const name = readdirSync(extensions).find((folder) => folder.startsWith('pvpolicy.pvpolicy-'));
      return join(extensions, name ?? 'the extension is not installed', file);
    },
    async open(file, settings = {}) {
      const server = await started();
      const before = shared;
      const page = before?.page ?? (await server.context.newPage());
      const folder = before?.folder ?? newWorkspace(server.scratch);
      shared = { page, folder };
      afterwards(page, async (failed) => {
        if (!failed) return;
        shared = undefined;
        await close(page);
        writeUserSettings(server.folder);
      });
      if (before === undefined) {
        writeSettings(folder, settings);
        return openWindow(page, server, { folder, file: join(folder, file) });
      }
      const window = await windowOf(page, server, { folder, file: join(folder, file) });
      await window.tidy();
      restoreWorkspace(folder);
      await window.set(settings);
      await window.show(file);
      return window;
    },
    async openAnother(place, user) {
      const server = await started();
      writeUserSettings(server.folder, user);
      const page = await server.context.newPage();
      afterwards(page, async () => {
        await close(page);
        writeUserSettings(server.folder);
      });
      return openWindow(page, server, place);
    },
  };
}
