// Editors as a user sets them up: with the very lines that docs/editors.md gives, against the built command line.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The first block of that language below the editor's heading of the editors' page. */
export function documentedSetup(editor: string, language: string): string {
  const page = readFileSync(join(repository, 'docs/editors.md'), 'utf8');
  const section = page.split(/^## /mu).find((part) => part.startsWith(`${editor}\n`));
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'mu').exec(section ?? '')?.[1];
  if (block === undefined) throw new Error(`docs/editors.md has no block of ${language} for ${editor}`);
  return block;
}

/** The environment of an editor with `pvpolicy` on its path, and `folder` for a home. */
export function environment(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'pvpolicy'),
    `#!/bin/sh\nexec '${process.execPath}' '${builtCommandLine()}' "$@"\n`,
  );
  chmodSync(join(bin, 'pvpolicy'), 0o755);
  return {
    ...process.env,
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_STATE_HOME: folder,
    XDG_CACHE_HOME: folder,
  };
}

/** Where the manifest says that the program is. */
function builtCommandLine(): string {
  const manifest = readFileSync(join(repository, 'package.json'), 'utf8');
  return join(repository, (JSON.parse(manifest) as { bin: { pvpolicy: string } }).bin.pvpolicy);
}

/** Zero-based. */
export function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length - 1;
}
