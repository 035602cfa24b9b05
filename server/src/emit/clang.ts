import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BPF_FLAGS } from './c/makefile.ts';
import type { OutputFile } from './c/index.ts';
import { parseClang, type ClangMessage } from './clang-messages.ts';
import { inFolder, locate, run } from './tools.ts';

export type { ClangMessage } from './clang-messages.ts';

/** A clang that can compile for BPF. */
export interface Clang {
  readonly path: string;
  /** As it says itself: '19.1.7'. */
  readonly version: string;
}

/** Why nothing was compiled. */
export type Unavailable =
  /** No clang: the names that were tried. */
  | { readonly kind: 'no-clang'; readonly tried: readonly string[] }
  /** The clang that was named is none, or cannot compile for BPF; what it said. */
  | { readonly kind: 'unusable'; readonly path: string; readonly reason: string };

/** What came of compiling. */
export type Compiled =
  | {
      readonly kind: 'compiled';
      readonly objects: readonly Built[];
      readonly messages: readonly ClangMessage[];
    }
  /** The C did not compile: with generated C a bug of ours, unless a limit of BPF was passed. */
  | { readonly kind: 'rejected'; readonly messages: readonly ClangMessage[]; readonly log: string }
  /** A header that is not part of the generated files is not installed. */
  | { readonly kind: 'no-header'; readonly header: string; readonly log: string }
  | { readonly kind: 'timeout'; readonly seconds: number };

/** A file that a compiler made. */
export interface Built {
  /** NAME.bpf.o, or NAME for a loader. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** A program of this machine. */
  readonly executable?: boolean;
}

export interface Policy {
  /** What `#line` calls it. */
  readonly name: string;
  readonly text: string;
}

/** 19 is what the output is tested with; 14 and 15 lack atomics of v3. Plain `clang` comes last: it may be one of those. */
const VERSIONS = [19, 22, 21, 20, 18, 17, 16];

/**
 * Finds a clang: `hint` if it is given (a path or a name), else the versioned names and plain `clang` in the folders of
 * PATH. Answers why not where there is none.
 */
export async function findClang(hint?: string): Promise<Clang | Unavailable> {
  const names = hint === undefined ? [...VERSIONS.map((version) => `clang-${version}`), 'clang'] : [hint];
  let last: Unavailable = { kind: 'no-clang', tried: names };
  for (const name of names) {
    const path = locate(name);
    if (path === undefined) continue;
    const probed = await probe(path);
    if ('version' in probed) return probed;
    last = probed;
  }
  return last;
}

/** Is it a clang, and not the reason why there is none? */
export const isClang = (found: Clang | Unavailable): found is Clang => 'version' in found;

async function probe(path: string): Promise<Clang | Unavailable> {
  const { code, output } = await run(path, ['--version', '-target', 'bpf'], process.cwd(), 10_000);
  const version = /clang version (\d+(?:\.\d+)*)/.exec(output)?.[1];
  if (code === 0 && version !== undefined) return { path, version };
  return { kind: 'unusable', path, reason: output.split('\n')[0] ?? '' };
}

/**
 * Compiles every `.bpf.c` of `files` with clang, in a folder of its own that holds a copy of the policy under the name
 * that `#line` gives it: clang copies its lines into the object, for the verifier's log. Nothing of this machine
 * gets into the objects: equal input gives equal bytes with one clang.
 */
export async function compileObject(
  files: readonly OutputFile[],
  policy: Policy,
  clang: Clang,
  timeoutMs = 60_000,
): Promise<Compiled> {
  return inFolder(async (folder) => {
    for (const { name, text } of [...files, policy]) await writeFile(join(folder, basename(name)), text);
    return compileIn(folder, files, clang, timeoutMs);
  });
}

async function compileIn(
  folder: string,
  files: readonly OutputFile[],
  clang: Clang,
  timeoutMs: number,
): Promise<Compiled> {
  const objects: Built[] = [];
  const messages: ClangMessage[] = [];
  for (const { name } of files.filter((file) => file.name.endsWith('.bpf.c'))) {
    const object = name.replace(/\.c$/, '.o');
    const { code, output, timedOut } = await run(
      clang.path,
      argumentsFor(folder, name, object),
      folder,
      timeoutMs,
    );
    if (timedOut) return { kind: 'timeout', seconds: timeoutMs / 1000 };
    const header = /fatal error: '([^']+)' file not found/.exec(output)?.[1];
    if (header !== undefined) return { kind: 'no-header', header, log: output };
    messages.push(...parseClang(output));
    if (code !== 0) return { kind: 'rejected', messages, log: output };
    objects.push({ name: object, bytes: await readFile(join(folder, object)) });
  }
  return { kind: 'compiled', objects, messages };
}

/** Folders of headers that Debian keeps for each architecture are not known to clang when it compiles for BPF. */
const MULTIARCH = { x64: 'x86_64', arm64: 'aarch64' } as const;

function argumentsFor(folder: string, source: string, object: string): string[] {
  const arch = process.arch in MULTIARCH ? MULTIARCH[process.arch as keyof typeof MULTIARCH] : undefined;
  return [
    ...['-target', 'bpf', ...BPF_FLAGS],
    '-fno-color-diagnostics',
    ...[`-ffile-prefix-map=${folder}=.`, '-fdebug-compilation-dir=.'],
    ...(arch === undefined ? [] : ['-idirafter', `/usr/include/${arch}-linux-gnu`]),
    ...['-c', source, '-o', object],
  ];
}

/** Writes the generated files and what clang made of them to `folder`, which is made if need be; gives the paths. */
export async function writeFiles(
  folder: string,
  files: readonly (OutputFile | Built)[],
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  return Promise.all(
    files.map(async (file) => {
      const path = join(folder, file.name);
      await writeFile(path, 'text' in file ? file.text : file.bytes);
      if ('executable' in file && file.executable === true) await chmod(path, 0o755);
      return path;
    }),
  );
}
