import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = (name) => join(root, 'dist', name);

/** Bundles are CommonJS: VS Code loads the client with `require`, and one format serves all three. */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};

const bundles = [
  { entryPoints: ['server/src/cli/main.ts'], outfile: out('cli.cjs'), banner: { js: '#!/usr/bin/env node' } },
  { entryPoints: ['server/src/lsp/main.ts'], outfile: out('server.cjs') },
  { entryPoints: ['client/src/extension.ts'], outfile: out('client.cjs'), external: ['vscode'] },
];

mkdirSync(join(root, 'dist'), { recursive: true });
await Promise.all(bundles.map((bundle) => build({ ...common, ...bundle })));
chmodSync(out('cli.cjs'), 0o755);
if (!process.argv.includes('--quiet')) {
  for (const { outfile } of bundles) {
    const kilobytes = (statSync(outfile).size / 1000).toFixed(1);
    console.log(`${outfile.slice(root.length + 1)}  ${kilobytes} kB`);
  }
}
