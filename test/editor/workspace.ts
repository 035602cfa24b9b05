// The folder that windows show: the examples with their traces, and the policies of test/editor/workspace.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from './server.ts';

const here = dirname(fileURLToPath(import.meta.url));
const sources = [join(here, '../../examples'), join(here, 'workspace')];

/** A fresh copy below `scratch`; gives its path. */
export function newWorkspace(scratch: string): string {
  const folder = join(mkdtempSync(join(scratch, 'window-')), 'policies');
  restoreWorkspace(folder);
  return folder;
}

/** Makes `folder` what a fresh copy is; files that are so already are left alone, as a watcher would tell of them. */
export function restoreWorkspace(folder: string): void {
  const wanted = new Map(
    sources.flatMap((source) => entriesOf(source).map((path) => [path, join(source, path)])),
  );
  mkdirSync(folder, { recursive: true });
  for (const path of entriesOf(folder))
    if (!wanted.has(path)) rmSync(join(folder, path), { recursive: true, force: true });
  for (const [path, source] of wanted) {
    const copy = join(folder, path);
    if (statSync(source).isDirectory()) mkdirSync(copy, { recursive: true });
    else if (!existsSync(copy) || !readFileSync(copy).equals(readFileSync(source)))
      copyFileSync(source, copy);
  }
}

/** Writes the settings of the workspace. */
export function writeSettings(folder: string, settings: Settings): void {
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(join(folder, '.vscode/settings.json'), JSON.stringify(settings));
}

/** Files and folders below a folder, relative to it. The gallery would fill the lists of every picture. */
const entriesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !/^(gallery|\.vscode)(\/|$)/u.test(path),
  );
