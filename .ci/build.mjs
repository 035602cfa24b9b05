// Builds what ships: dist/cli.cjs; dist/client.cjs, CommonJS because VS Code loads an extension with `require`, and the rest
// of the extension, dist/client-later.cjs;
// dist/server.mjs with the parts of it that are loaded on first use, the emitters and the simulator; and
// dist/protocol.cjs, the part of LSP that client and server share.
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { notices } from './notices.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The kernel catalogue is a sixth of its size when packed, and is unpacked in about two milliseconds: all of it at once. */
const DATA = join(root, 'server/src/kernel/data');
const packedData = {
  name: 'packed-data',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^packed:data$/ }, ({ path }) => ({ path, namespace: 'packed' }));
    onLoad({ filter: /.*/, namespace: 'packed' }, () => {
      const names = readdirSync(DATA).toSorted();
      const json = JSON.stringify(
        Object.fromEntries(names.map((name) => [name, JSON.parse(readFileSync(join(DATA, name), 'utf8'))])),
      );
      const packed = brotliCompressSync(json).toString('base64');
      const unpack = `require('node:zlib').brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString()`;
      return { contents: `module.exports = JSON.parse(${unpack})` };
    });
    onLoad({ filter: /[\\/]kernel[\\/]data[\\/]\w+\.json$/ }, ({ path }) => ({
      contents: `module.exports = require('packed:data')['${basename(path)}']`,
      loader: 'js',
    }));
  },
};

/** What Chevrotain finds out about the grammar is the same at every start: it is found out here. */
const choices = {
  name: 'choices',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]grammar[\\/]choices\.ts$/ }, async () => ({
      contents: `export const CHOICES = ${JSON.stringify(await (found ??= findChoices()))}`,
    }));
  },
};
let found;

async function findChoices() {
  const contents = `import { choicesOf } from './grammar/lookahead.ts';
    import { PolicyParser } from './grammar/parser.ts';
    import { VOCABULARY } from './grammar/tokens.ts';
    export default choicesOf(new PolicyParser(false).lookAheadFuncsCache, VOCABULARY);`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    format: 'esm',
    write: false,
  });
  return (await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`)).default;
}

/**
 * The parts of Chevrotain that analyse a grammar and the patterns of tokens, of which what is built has the results: the
 * choices above, and what each token begins with (grammar/tokens.ts).
 */
const analysed = {
  name: 'analysed',
  setup({ onLoad }) {
    const grammar = 'parse[\\\\/]grammar[\\\\/](?:checks|first|follow|interpreter|lookahead|resolver)';
    const patterns = '(?:base-regexp-visitor|regexp-parser)';
    onLoad({ filter: new RegExp(`[\\\\/]src[\\\\/](?:${grammar}|${patterns})\\.js$`) }, ({ path }) => {
      const names = [...readFileSync(path, 'utf8').matchAll(/^export (?:class|function|var) (\w+)/gm)];
      // A class cannot be called, and has no methods: what is used after all fails.
      return { contents: names.map(([, name]) => `export class ${name} {}`).join('\n') };
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
 * What `client/src/extension.ts` imports later is a file of its own: the server starts before any of it is
 * read, which takes longer than all that the start needs of the extension.
 */
const LATER = ['./policy-client.ts', './parts.ts'];

const later = {
  name: 'later',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\// }, ({ path, kind }) =>
      kind === 'dynamic-import' && LATER.includes(path) ? { path, namespace: 'later' } : undefined,
    );
    onResolve({ filter: /^\.\/client-later\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `module.exports = require('./client-later.cjs')['${path}']`,
    }));
  },
};

/** A module that gives each of some others when it is first asked for it by its name. */
const onDemand = (names) =>
  `module.exports = {${names.map((name) => `get '${name}'() { return require('${name}') }`).join()}}`;

/** Features of the client library for what the server does not offer, or no policy is, by their modules. */
const NOT_OFFERED = {
  colorProvider: 'ColorProviderFeature',
  implementation: 'ImplementationFeature',
  inlineCompletion: 'InlineCompletionItemFeature',
  inlineValue: 'InlineValueFeature',
  notebook: 'NotebookDocumentSyncFeature',
  textDocumentContent: 'TextDocumentContentFeature',
  typeHierarchy: 'TypeHierarchyFeature',
};

/**
 * Questions of the client library that are answered, a fifth of the extension together. `semver`: is VS Code new enough?
 * VS Code itself has asked by the manifest's `engines`. `minimatch`: does a file that is renamed fit what the server asked
 * for? Ours asks for all of them (server/src/lsp/capabilities.ts). And what else can the client do? Nothing more.
 */
const answered = {
  name: 'answered',
  setup({ onLoad, onResolve }) {
    const filter = /^(semver\/functions\/(parse|satisfies)|minimatch)$/;
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'answered' }));
    onResolve({ filter: /^\.\/\w+$/ }, ({ path, importer }) =>
      Object.hasOwn(NOT_OFFERED, path.slice(2)) && importer.includes('vscode-languageclient')
        ? { path: path.slice(2), namespace: 'not-offered' }
        : undefined,
    );
    onLoad({ filter: /^semver/, namespace: 'answered' }, () => ({ contents: 'module.exports = () => true' }));
    onLoad({ filter: /^minimatch/, namespace: 'answered' }, () => ({
      contents: `exports.Minimatch = class {
        constructor(glob) { if (glob !== '**/*') throw new Error('a pattern that is not answered: ' + glob) }
        match() { return true }
        makeRe() { return /^/ }
      }`,
    }));
    onLoad({ filter: /.*/, namespace: 'not-offered' }, ({ path }) => ({
      contents: `exports.${NOT_OFFERED[path]} = class {
        static CellScheme = 'vscode-notebook-cell'
        getState() { return { kind: 'static' } }
        fillClientCapabilities() {}
        initialize() {}
        clear() {}
      }`,
    }));
  },
};

/** Parts of the server library that nobody asks for: notebooks, and finding modules of the workspace. */
const unasked = {
  name: 'unasked',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\/(notebook|files)$/ }, ({ path, importer }) =>
      importer.includes('vscode-languageserver') ? { path, namespace: 'unasked' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unasked' }, () => ({
      contents: 'exports.NotebookSyncFeature = (Base) => Base;',
    }));
  },
};

/** Exports of a CommonJS module as those of an ECMAScript one, which leaves out what nobody imports. */
const named = (path) => {
  const names = Object.keys(createRequire(import.meta.url)(path));
  const exported = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => all.${name})();`);
  return { contents: [`const all = require('${path}');`, ...exported].join('\n'), resolveDir: root };
};

/**
 * What takes time at the start and nobody has anything of. esbuild copies all that a CommonJS library exports for each file
 * that imports some of it, and so does TypeScript's `import *`; `import` from `node:fs` loads its streams and promises, as
 * `require` does not; and `crypto`, with all its algorithms, is for the names of pipes, of which there are none.
 */
const brief = {
  name: 'brief',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(vscode-languageserver(\/node)?|node:fs)$/ }, ({ path, importer }) =>
      importer.endsWith('.ts') ? { path, namespace: 'named' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'named' }, ({ path }) => named(path));
    onLoad({ filter: /[\\/]vscode-[\w-]+[\\/]lib[\\/].*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replaceAll(/__importStar\((require\([^)]+\))\)/g, '$1')
        .replace(/ = (require\("crypto"\));/, ' = { get randomBytes() { return $1.randomBytes } };'),
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
    plugins: [packedData, choices, analysed],
  },
  {
    entryPoints: { server: 'server/src/lsp/main.ts' },
    plugins: [packedData, choices, analysed, unasked, brief, sharedProtocol],
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
    plugins: [later],
  },
  {
    stdin: { contents: onDemand(LATER), resolveDir: join(root, 'client/src') },
    outdir: undefined,
    outExtension: undefined,
    outfile: 'dist/client-later.cjs',
    external: ['vscode'],
    plugins: [sharedProtocol, answered, brief],
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
      contents: onDemand(SHARED),
      resolveDir: root,
    },
    outdir: undefined,
    outExtension: undefined,
    outfile: 'dist/protocol.cjs',
    plugins: [brief],
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
