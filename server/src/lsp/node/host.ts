import { existsSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { templateOf, type Template } from '../../templates.ts';
import type { Host } from '../host.ts';
import { SimulationThread } from './simulation-thread.ts';

/** The documentation in the package that this bundle is part of. */
const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

const GALLERY = fileURLToPath(new URL('../examples/gallery', import.meta.url));

/** The machine that the server runs on, by way of Node. `script` is the file of the server itself. */
export function nodeHost(script: string): Host {
  const thread = new SimulationThread(script);
  const pages = new Map<string, string | undefined>();
  const page = (name: string): string | undefined => {
    if (!pages.has(name)) {
      const path = join(DOCS, `${name}.md`);
      pages.set(name, existsSync(path) ? pathToFileURL(path).href : undefined);
    }
    return pages.get(name);
  };
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
    docs: (code) => page(`diagnostics/${code}`),
    kernelPage: (name) => page(`kernel/${name}`),
    beside: (uri, path) => {
      const from = pathOf(uri);
      return from === undefined ? undefined : pathToFileURL(resolve(dirname(from), path)).href;
    },
    find,
    templates: readTemplates,
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

/** Bounds of a search, so that a home folder opened as a workspace stalls nobody. */
const MOST_FILES = 2000;
const MOST_FOLDERS = 5000;

function find(folder: string): readonly string[] {
  const found: string[] = [];
  const folders = [folder];
  for (const at of folders) {
    for (const entry of entriesOf(at)) {
      const path = join(at, entry.name);
      const skipped = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (entry.isDirectory() && !skipped && folders.length < MOST_FOLDERS) folders.push(path);
      else if (entry.isFile() && (entry.name.endsWith('.pvpolicy') || entry.name === 'pvpolicy.json'))
        found.push(path);
      if (found.length >= MOST_FILES) return found;
    }
  }
  return found;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** None where the package was installed without them. */
function readTemplates(): readonly Template[] {
  if (!existsSync(GALLERY)) return [];
  return readdirSync(GALLERY)
    .filter((file) => file.endsWith('.pvpolicy'))
    .toSorted()
    .map((file) => templateOf(file, readFileSync(join(GALLERY, file), 'utf8')));
}
