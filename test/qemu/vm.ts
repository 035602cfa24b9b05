import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** `stable`: the kernel of Debian stable (6.12). `newest`: the newest of its backports (7.x). `oldest`: that of Debian 12 (6.1). */
export type Kernel = 'oldest' | 'stable' | 'newest';

/** Those that policies are for unless they say otherwise. */
export const KERNELS: readonly Kernel[] = ['stable', 'newest'];

const HERE = import.meta.dirname;
const FOLDER = join(
  process.env['PVPOLICY_LANES'] ?? join(process.env['HOME'] ?? '/root', '.cache/pvpolicy-lanes'),
  'qemu',
);

/** Where libbpf is, built to be linked into programs for the machine. */
export const LIBBPF = join(FOLDER, 'libbpf');

/** A machine that is silent for so long while it boots has hung: it takes ten to thirty seconds. */
const BOOT_MS = 120_000;

/** A CPU that the kernel says has been stuck for a minute or more will not come free: it reports again every half minute. */
const STUCK = /soft lockup - CPU#\d+ stuck for (?:[6-9]\d|\d{3,})s/;

/** Is everything there that `boot` needs? */
export function vmToolsPresent(): boolean {
  const files = [...KERNELS, 'oldest'].map((kernel) => join(FOLDER, kernel, 'vmlinuz'));
  return [...files, join(LIBBPF, 'libbpf.a'), '/usr/bin/qemu-system-x86_64', '/bin/busybox'].every(
    existsSync,
  );
}

/** `uname -r` of a kernel. */
export function release(kernel: Kernel): string {
  return readFileSync(join(FOLDER, kernel, 'release'), 'utf8').trim();
}

export interface Boot {
  readonly kernel: Kernel;
  /** Files put into / of the machine, by their name on this one. */
  readonly files: readonly string[];
  /** Shell script that runs as root once the machine is up. */
  readonly script: string;
  readonly timeoutMs: number;
  /**
   * Its clock counts instructions, 2 ns each, and jumps where it idles: what it measures does not depend on the load of
   * this machine. It has one CPU: of several, each would stand still while another one runs, and its clock go on.
   */
  readonly countsInstructions?: boolean;
  /** A machine that prints nothing for so long has hung, and is ended. */
  readonly silentMs?: number;
}

export interface BootResult {
  /** The machine switched itself off; false: it hung, or ran out of time, and was ended. */
  readonly finished: boolean;
  /** It was ended, for a CPU was stuck, it ran out of time or printed nothing. */
  readonly hung: boolean;
  /** Everything on its console: what the script printed and the kernel's messages. */
  readonly console: string;
}

/** What the script left behind in the machine, a line each (state.c); the kernel's messages may come in between. */
const leftovers = ({ console: text }: BootResult): readonly string[] =>
  [...text.matchAll(/^LEFT (.*)$/gm)].map(([, line = '']) => line);

/**
 * Boots a virtual machine of two CPUs (of one where it counts instructions), fully emulated and on one thread: with several threads QEMU can crash the
 * guest while sched_ext patches its static keys. Whatever the script leaves behind in the kernel is an error.
 */
export async function boot(options: Boot): Promise<BootResult> {
  const work = mkdtempSync(join(tmpdir(), 'pvpolicy-vm-'));
  const vmlinuz = join(FOLDER, options.kernel, 'vmlinuz');
  try {
    const initramfs = packInitramfs(work, options);
    let result = await run(options, initramfs, vmlinuz);
    for (let again = 0; again < 4 && emulatorFailed(result); again++)
      result = await run(options, initramfs, vmlinuz);
    const left = leftovers(result);
    if (left.length > 0) throw new Error(`left behind in the machine:\n${left.join('\n')}`);
    return result;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A panic, a boot that does not come to its end, or an end that the script did not come to, is the emulator's, which gets
 * cmpxchg16b wrong now and then (6.12 in __kmalloc; the CPU is offered without it, and other ways there may be) and static
 * keys (int3): what tests provoke is a hang, an ejection or a refusal.
 */
const emulatorFailed = ({ finished, hung, console: text }: BootResult): boolean =>
  text.includes('Kernel panic - not syncing') || !text.includes('BOOTED') || (!finished && !hung);

/** The program that tells the state of a machine (state.c), built into `folder`. */
export const buildStateTool = (folder: string): string => buildStatic(join(HERE, 'state.c'), folder);

/** The static loader for BPF objects (load.c), built once per test run into `folder`. */
export const buildLoader = (folder: string): string => buildStatic(join(HERE, 'load.c'), folder);

/** A program of libbpf that needs no library where it runs; gives its path in `folder`. */
export function buildStatic(source: string, folder: string): string {
  const output = join(folder, basename(source, '.c'));
  execFileSync('gcc', [
    ...['-O2', '-Wall', '-Wextra', '-Wno-unused-parameter', '-static', `-I${LIBBPF}/include`, source],
    ...[join(LIBBPF, 'libbpf.a'), '-lelf', '-lz', '-o', output],
  ]);
  return output;
}

function packInitramfs(work: string, { kernel, files, script }: Boot): string {
  const root = join(work, 'root');
  for (const folder of ['bin', 'modules']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  copyFileSync(join(HERE, 'init.sh'), join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  symlinkShell(root);
  const modules = join(FOLDER, kernel, 'modules');
  for (const module of readdirSync(modules))
    copyFileSync(join(modules, module), join(root, 'modules', module));
  for (const file of [...files, buildStateTool(work)]) copyFileSync(file, join(root, basename(file)));
  writeFileSync(join(root, 'run.sh'), script);
  const image = join(work, 'initramfs.gz');
  execFileSync('sh', ['-c', `find . | cpio -o -H newc --quiet | gzip -1 > "${image}"`], { cwd: root });
  return image;
}

/** /init names /bin/sh, which busybox installs only once it runs. */
function symlinkShell(root: string): void {
  execFileSync('ln', ['-s', 'busybox', join(root, 'bin/sh')]);
}

function run(
  { timeoutMs, silentMs = timeoutMs, countsInstructions = false }: Boot,
  initramfs: string,
  vmlinuz: string,
): Promise<BootResult> {
  const append = 'console=ttyS0 quiet panic=-1 mitigations=off';
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...[
        '-accel',
        'tcg,thread=single',
        '-cpu',
        'max',
        ...(countsInstructions ? ['-icount', 'shift=1,sleep=off', '-smp', '1'] : ['-smp', '2']),
        '-m',
        '1024',
        '-nographic',
        '-no-reboot',
      ],
      ...['-kernel', vmlinuz, '-initrd', initramfs, '-append', append],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((resolve, reject) => {
    let text = '';
    let timedOut = false;
    const end = (): void => {
      timedOut = true;
      machine.kill('SIGKILL');
    };
    const timer = setTimeout(end, timeoutMs);
    let silence = setTimeout(end, BOOT_MS);
    const collect = (chunk: Buffer): void => {
      text += chunk.toString();
      if (STUCK.test(text)) end();
      clearTimeout(silence);
      // Emulated, a machine takes its time to come up.
      silence = setTimeout(end, text.includes('BOOTED') ? silentMs : BOOT_MS);
    };
    machine.stdout.on('data', collect);
    machine.stderr.on('data', collect);
    machine.on('error', reject);
    machine.on('close', () => {
      clearTimeout(timer);
      clearTimeout(silence);
      resolve({
        finished: !timedOut && text.includes('FINISHED'),
        hung: timedOut,
        console: readable(text),
      });
    });
  });
}

/** Without carriage returns, and without QEMU's list of what its emulated CPU leaves out. */
function readable(text: string): string {
  return text.replaceAll('\r', '').replaceAll(/^qemu-system-x86_64: warning: TCG doesn't support.*\n/gm, '');
}
