import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Host } from '../host.ts';
import { SimulationThread } from './simulation-thread.ts';

/** Pages of diagnostics, in the package that this bundle is part of. */
const PAGES = join(__dirname, '..', 'docs', 'diagnostics');

/** The machine that the server runs on, by way of Node. */
export function nodeHost(): Host {
  const thread = new SimulationThread(__filename);
  const pages = new Map<string, string | undefined>();
  return {
    pathOf: (uri) => (uri.startsWith('file:') ? fileURLToPath(uri) : undefined),
    uriOf: (path) => pathToFileURL(path).href,
    read: (path) => {
      try {
        return readFileSync(path);
      } catch {
        return undefined;
      }
    },
    docs: (code) => {
      if (!pages.has(code)) {
        const page = join(PAGES, `${code}.md`);
        pages.set(code, existsSync(page) ? pathToFileURL(page).href : undefined);
      }
      return pages.get(code);
    },
    simulate: (job, progress, token) => thread.run(job, progress, token),
  };
}
