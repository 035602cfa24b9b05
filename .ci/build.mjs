// Builds what ships: dist/cli.cjs; dist/client.cjs, CommonJS because VS Code loads an extension with `require`;
// dist/server.mjs with the parts of it that are loaded on first use, the emitters and the simulator; and
// dist/protocol.cjs, the part of LSP that client and server share.
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { notices } from './notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The kernel catalogue is a sixth of its size when packed, and is unpacked in about two milliseconds. */
const packedData = {
  name: 'packed-data',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]kernel[\\/]data[\\/]\w+\.json$/ }, ({ path }) => {
      const json = JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
      const packed = brotliCompressSync(json).toString('base64');
      const unpack = `require('node:zlib').brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString()`;
      return { contents: `module.exports = JSON.parse(${unpack})`, loader: 'js' };
    });
  },
};

/** Modules that client and server both need, by the names under which they ask for them. */
const SHARED = [
  'vscode-jsonrpc',
  'vscode-jsonrpc/node',
  'vscode-languageserver-protocol',
  'vscode-languageserver-protocol/node',
  'vscode-languageserver-types',
];

const sharedProtocol = {
  name: 'shared-protocol',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^vscode-/ }, ({ path }) =>
      SHARED.includes(path) ? { path, namespace: 'shared' } : undefined,
    );
    onResolve({ filter: /^\.\/protocol\.cjs$/, namespace: 'shared' }, ({ path }) => ({
      path,
      external: true,
    }));
    onLoad({ filter: /.*/, namespace: 'shared' }, ({ path }) => ({
      contents: `module.exports = require('./protocol.cjs')['${path}']`,
      resolveDir: root,
    }));
  },
};

/**
 * Questions of the client library that are answered, a tenth of the extension together. `semver`: is VS Code new enough?
 * VS Code itself has asked by the manifest's `engines`. `minimatch`: does a file that is renamed fit what the server asked
 * for? Ours asks for all of them (server/src/lsp/capabilities.ts).
 */
const answered = {
  name: 'answered',
  setup({ onLoad, onResolve }) {
    const filter = /^(semver\/functions\/(parse|satisfies)|minimatch)$/;
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'answered' }));
    onLoad({ filter: /^semver/, namespace: 'answered' }, () => ({ contents: 'module.exports = () => true' }));
    onLoad({ filter: /^minimatch/, namespace: 'answered' }, () => ({
      contents: `exports.Minimatch = class {
        constructor(glob) { if (glob !== '**/*') throw new Error('a pattern that is not answered: ' + glob) }
        match() { return true }
        makeRe() { return /^/ }
      }`,
    }));
  },
};

const NOTICES = 'dist/third-party-notices.txt';

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  metafile: true,
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
  {
    entryPoints: { cli: 'server/src/cli/main.ts' },
    banner: { js: '#!/usr/bin/env node' },
    plugins: [packedData],
  },
  {
    entryPoints: { server: 'server/src/lsp/main.ts' },
    plugins: [packedData, sharedProtocol],
    // Only modules can be split.
    format: 'esm',
    splitting: true,
    chunkNames: 'server-[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire as pvpolicyRequire } from 'node:module'; const require = pvpolicyRequire(import.meta.url);",
    },
  },
  {
    entryPoints: { client: 'client/src/extension.ts' },
    external: ['vscode'],
    plugins: [sharedProtocol, answered],
  },
  {
    // The page of a report: the script and its style, for the editor's view and for files.
    entryPoints: [
      { in: 'client/report/main.ts', out: 'report' },
      { in: 'client/report/style.css', out: 'report' },
    ],
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    outExtension: { '.js': '.js' },
  },
  {
    stdin: {
      contents: `module.exports = {${SHARED.map((name) => `get '${name}'() { return require('${name}') }`).join()}}`,
      resolveDir: root,
    },
    outdir: undefined,
    outExtension: undefined,
    outfile: 'dist/protocol.cjs',
  },
];

const results = await Promise.all(bundles.map((own) => build({ ...common, ...own })));
const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
writeFileSync(join(root, NOTICES), notices(root, inputs));
const written = [...results.flatMap(({ metafile }) => Object.keys(metafile.outputs)), NOTICES];
// Chunks of an earlier build have other names.
for (const name of readdirSync(join(root, 'dist'))) {
  if (!written.includes(`dist/${name}`)) rmSync(join(root, 'dist', name), { recursive: true });
}
chmodSync(join(root, 'dist/cli.cjs'), 0o755);
if (!process.argv.includes('--quiet')) {
  for (const file of written) {
    console.log(`${file}  ${(statSync(join(root, file)).size / 1000).toFixed(1)} kB`);
  }
}
