// The licences of what is bundled, as those licences ask for: a text for each package, gathered from what esbuild read.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const HEAD = `PV Policy contains the packages below. Each is used under the licence that follows its name.\n`;

/** The text of dist/third-party-notices.txt; `inputs` are the paths of all files that went into the bundles. */
export function notices(root, inputs) {
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const parts = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return { name, version, license, text: licenceIn(join(root, folder)) };
  });
  // A package that is there twice in the same version is the same package.
  const unique = new Map(parts.map((part) => [`${part.name} ${part.version}`, part]));
  const missing = parts.filter(({ text }) => text === undefined).map(({ name }) => name);
  if (missing.length > 0) throw new Error(`no licence text in: ${missing.join(', ')}`);
  const sections = [...unique.values()].map(
    ({ name, version, license, text }) =>
      `\n${'-'.repeat(78)}\n${name} ${version} (${license})\n\n${text.trim()}\n`,
  );
  return HEAD + sections.join('');
}

function licenceIn(folder) {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.|$|-)/i.test(name));
  return file !== undefined && existsSync(join(folder, file))
    ? readFileSync(join(folder, file), 'utf8')
    : undefined;
}
