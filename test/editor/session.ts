// What every scenario file begins with: one editor for the file, a window for each test.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { startEditor, type Editor, type Settings, type Window } from './driver.ts';
import type { EditorTools } from './tools.ts';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '../..');

/** Opens a file of the workspace in a window that ends with the test; one that fails leaves a picture. */
export type Open = (file: string, settings?: Settings) => Promise<Window>;

/**
 * Declares the start and the end of an editor for the tests of one file. The workspace holds the examples with
 * their traces, and the policies of test/editor/workspace.
 */
export function editorSession(tools: EditorTools): { readonly open: Open } {
  let editor: Editor | undefined;
  beforeAll(async () => {
    const sources = [join(repository, 'examples'), join(here, 'workspace')];
    editor = await startEditor(tools, packagedExtension(), sources);
  });
  afterAll(() => editor?.stop());
  return {
    async open(file, settings) {
      if (editor === undefined) throw new Error('the editor did not start');
      const window = await editor.open(file, settings);
      onTestFinished(async ({ task }) => {
        if (task.result?.state === 'fail') await window.picture(`failed-${task.name.replace(/\W+/g, '-')}`);
        await window.close();
      });
      return window;
    },
  };
}

/** The .vsix that `npm run package` made, or the one that PVPOLICY_VSIX names. */
function packagedExtension(): string {
  const manifest = readFileSync(join(repository, 'package.json'), 'utf8');
  const { name, version } = JSON.parse(manifest) as { name: string; version: string };
  const path = process.env['PVPOLICY_VSIX'] ?? join(repository, `${name}-${version}.vsix`);
  if (!existsSync(path)) throw new Error(`no ${path}: run npm run package`);
  return path;
}
