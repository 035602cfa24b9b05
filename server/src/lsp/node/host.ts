import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Host } from '../host.ts';
import { SimulationThread } from './simulation-thread.ts';

/** Pages of diagnostics, in the package that this bundle is part of. */
const PAGES = fileURLToPath(new URL('../docs/diagnostics', import.meta.url));

/** The machine that the server runs on, by way of Node. `script` is the file of the server itself. */
export function nodeHost(script: string): Host {
  const thread = new SimulationThread(script);
  const pages = new Map<string, string | undefined>();
  return {
    pathOf,
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

/** Undefined also for a URI that no path of this system can be made of. */
function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}
