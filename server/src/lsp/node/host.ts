import { existsSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { InParts } from '../../../../grammar/in-parts.ts';
import { templateOf, type Template } from '../../templates.ts';
import type { Host } from '../host.ts';
import type { CompileResult, SimulateResult } from '../protocol.ts';
import { JobThread } from './job-thread.ts';

/** The documentation in the package that this bundle is part of. */
const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

const GALLERY = fileURLToPath(new URL('../examples/gallery', import.meta.url));

const UNTOLD = { progress: () => {}, partial: () => {} };

/** The machine that the server runs on, by way of Node. `script` is the file of the server itself. */
export function nodeHost(script: string): Host {
  const simulator = new JobThread(script);
  const compiler = new JobThread(script);
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
    entries: (uri) => {
      const path = pathOf(uri);
      const all = path === undefined ? [] : entriesOf(path);
      return all
        .filter(({ name }) => !name.startsWith('.'))
        .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
    },
    templates: readTemplates,
    simulate: (job, told, token) =>
      simulator.run({ kind: 'simulate', job }, told, token) as Promise<SimulateResult>,
    compile: (job, token) => compiler.run({ kind: 'compile', job }, UNTOLD, token) as Promise<CompileResult>,
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

function* find(folder: string): InParts<readonly string[]> {
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
    yield;
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
function* readTemplates(): InParts<readonly Template[]> {
  if (!existsSync(GALLERY)) return [];
  const found: Template[] = [];
  for (const file of readdirSync(GALLERY).toSorted()) {
    if (!file.endsWith('.pvpolicy')) continue;
    found.push(templateOf(file, readFileSync(join(GALLERY, file), 'utf8')));
    yield;
  }
  return found;
}
