import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { OutputFile } from './c/index.ts';
import type { Built } from './clang.ts';
import { inFolder, locate, run } from './tools.ts';

/** What came of building the loaders. */
export type Loaders =
  | { readonly kind: 'built'; readonly programs: readonly Built[] }
  /** What is not installed, as its packages are called: there is no loader. */
  | { readonly kind: 'missing'; readonly missing: readonly string[] }
  /** A tool rejected what pvpolicy wrote; the end of what it said. */
  | { readonly kind: 'failed'; readonly tool: string; readonly log: string }
  | { readonly kind: 'timeout'; readonly seconds: number };

/** Names of tools, for tests that have others. */
export interface LoaderTools {
  readonly bpftool: string;
  /** Compilers of C for this machine, the first that is there. */
  readonly compilers: readonly string[];
}

const TOOLS: LoaderTools = { bpftool: 'bpftool', compilers: ['cc', 'gcc', 'clang'] };

/**
 * Builds the loader and agent of each object, as the Makefile does: `NAME`, and `NAME.guest` where there is a guest's
 * part. `files` are the generated ones, `objects` what clang made of them.
 */
export async function buildLoaders(
  files: readonly OutputFile[],
  objects: readonly Built[],
  tools: LoaderTools = TOOLS,
  timeoutMs = 60_000,
): Promise<Loaders> {
  const bpftool = locate(tools.bpftool);
  const compiler = tools.compilers.map(locate).find((path) => path !== undefined);
  const missing = [...(bpftool === undefined ? ['bpftool'] : []), ...(compiler === undefined ? ['gcc'] : [])];
  if (bpftool === undefined || compiler === undefined) return { kind: 'missing', missing };
  return inFolder(async (folder) => {
    for (const { name, text } of files) await writeFile(join(folder, basename(name)), text);
    const programs: Built[] = [];
    for (const object of objects) {
      await writeFile(join(folder, object.name), object.bytes);
      const built = await buildOne(
        folder,
        object.name.replace(/\.bpf\.o$/, ''),
        bpftool,
        compiler,
        timeoutMs,
      );
      if ('kind' in built) return built;
      programs.push(built);
    }
    return { kind: 'built', programs };
  });
}

async function buildOne(
  folder: string,
  name: string,
  bpftool: string,
  compiler: string,
  timeoutMs: number,
): Promise<Built | Loaders> {
  const linked = `${name}.linked.o`;
  const steps: readonly (readonly [string, readonly string[]])[] = [
    [bpftool, ['gen', 'object', linked, `${name}.bpf.o`]],
    [bpftool, ['gen', 'skeleton', linked, 'name', `${name.replaceAll('.', '_')}_bpf`]],
    [compiler, ['-O2', '-o', name, `${name}.c`, '-lbpf', '-lelf', '-lz']],
  ];
  for (const [tool, args] of steps) {
    const { code, stdout, output, timedOut } = await run(tool, args, folder, timeoutMs);
    if (timedOut) return { kind: 'timeout', seconds: timeoutMs / 1000 };
    if (code !== 0) return refusal(tool, output);
    if (args[1] === 'skeleton') await writeFile(join(folder, `${name}.skel.h`), stdout);
  }
  return { name, bytes: await readFile(join(folder, name)), executable: true };
}

/** Libraries by what a compiler or a linker says when they, or their headers, are not there. */
const LIBRARIES: readonly (readonly [RegExp, string])[] = [
  [/bpf\/\w+\.h|cannot find -lbpf|unable to find library -lbpf/, 'libbpf-dev'],
  [/cannot find -lelf|unable to find library -lelf/, 'libelf-dev'],
  [/cannot find -lz|unable to find library -lz/, 'zlib1g-dev'],
];

function refusal(tool: string, log: string): Loaders {
  const absent = /No such file or directory|file not found|cannot find|unable to find library/.test(log);
  const missing = absent ? LIBRARIES.filter(([said]) => said.test(log)).map(([, name]) => name) : [];
  // Ubuntu installs a script of that name which looks for one made for the running kernel.
  if (/bpftool not found for kernel/.test(log)) missing.push('linux-tools-$(uname -r)');
  if (missing.length > 0) return { kind: 'missing', missing };
  return { kind: 'failed', tool: basename(tool), log: log.slice(0, 2000) };
}
