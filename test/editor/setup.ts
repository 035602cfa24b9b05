// Before all scenario files: the editor's server, with the packaged extension, and the browser.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import type { TestProject } from 'vitest/node';
import { startBrowser } from './browser.ts';
import { shots } from './pictures.ts';
import { startServer, type EditorServer } from './server.ts';
import { findEditorTools } from './tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined where the tools are missing. */
    readonly editor: (EditorServer & Places) | undefined;
  }
}

interface Places {
  /** Where the browser is driven. */
  readonly browser: string;
  /** A folder that goes away after the run. */
  readonly scratch: string;
}

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

export default async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  // Pictures of an earlier run would be taken for this one's.
  rmSync(shots, { recursive: true, force: true });
  const tools = findEditorTools();
  provide('editor', undefined);
  if (!tools) return undefined;
  const scratch = mkdtempSync(join(tmpdir(), 'pvpolicy-editor-'));
  const folder = join(scratch, 'server');
  mkdirSync(folder);
  const running: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((end) => end()));
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const server = await startServer(tools, folder, [packagedExtension(), await memoryFiles(scratch)]);
    running.push(server.stop);
    const browser = await startBrowser(tools.chromium, join(scratch, 'profile'));
    running.push(browser.stop);
    provide('editor', { port: server.port, folder, scratch, browser: browser.address });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** An extension whose files are on no disk. */
async function memoryFiles(scratch: string): Promise<string> {
  const packagePath = join(scratch, 'memory-files.vsix');
  const cwd = join(repository, 'test/editor/memory-files');
  await createVSIX({
    cwd,
    packagePath,
    dependencies: false,
    skipLicense: true,
    allowMissingRepository: true,
  });
  return packagePath;
}

/** The .vsix that `npm run package` made, or the one that PVPOLICY_VSIX names. */
function packagedExtension(): string {
  const manifest = readFileSync(join(repository, 'package.json'), 'utf8');
  const { name, version } = JSON.parse(manifest) as { name: string; version: string };
  const path = process.env['PVPOLICY_VSIX'] ?? join(repository, `${name}-${version}.vsix`);
  if (!existsSync(path)) throw new Error(`no ${path}: run npm run package`);
  return path;
}
