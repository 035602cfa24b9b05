import { join } from 'node:path';
import { compileUnchecked } from '../policy.ts';
import { boot, buildLoader, type Kernel } from '../vm.ts';
import { build, SIDES, type Side } from './build.ts';
import { HOGS, type Outcome, type Proof } from './cases.ts';

/** What one side of a proof did in the kernel. */
export interface Observed {
  readonly loaded: boolean;
  readonly outcome: Outcome;
  /** Everything on the console between its begin and its end. */
  readonly console: string;
  /** The kernel's reason in one line, '' where it gave none. */
  readonly reason: string;
}

const SCHEDULER = join(import.meta.dirname, '../../../examples/vm_share.pvpolicy');
/** Seconds, longer than the watchdog waits; what is thrown out, as most of the wrong ones are, ends before. */
const RUN: Readonly<Record<Side, number>> = { wrong: 15, right: 5 };

const PRELUDE = `run() {
  dmesg -c > /dev/null
  echo "BEGIN $1"
  while read -r line; do sh -c "$line" & echo $! >> /tmp/beside; done < /$1.beside
  /load /$1.bpf.o $2
  kill $(cat /tmp/beside); rm /tmp/beside
  dmesg | grep -E 'sched_ext|soft lockup|BUG'
  echo "END $1"
}`;

/**
 * Proofs that share a machine: few, for when the emulator fails all of them run again. One that hangs its machine, or
 * leaves a scheduler there, is the last of its kernel.
 */
const TOGETHER = 6;
/** Machines at a time: each takes a core. */
const MACHINES = 2;

/**
 * Runs the proofs of one kernel, and gives what each side did, by 'NAME-SIDE'. What comes out otherwise than it should is
 * run once more, as an emulated machine may stand still for seconds; what does so twice is so.
 */
export async function runProofs(
  proofs: readonly Proof[],
  kernel: Kernel,
  folder: string,
): Promise<ReadonlyMap<string, Observed>> {
  const loader = buildLoader(folder);
  const all = new Map(await runGroups(proofs, kernel, loader, folder));
  const strange = proofs.filter((proof) => !isAsSaid(proof, all));
  if (strange.length > 0) console.info(`run again: ${strange.map(({ name }) => name).join(', ')}`);
  for (const [name, observed] of await runGroups(strange, kernel, loader, folder)) all.set(name, observed);
  return all;
}

/** Did the wrong program end as the proof says, and the corrected one run? */
function isAsSaid({ name, outcome, says }: Proof, all: ReadonlyMap<string, Observed>): boolean {
  const wrong = all.get(`${name}-wrong`);
  const right = all.get(`${name}-right`);
  return wrong?.outcome === outcome && right?.outcome === 'runs' && (says?.test(wrong.console) ?? true);
}

/** Some at a time in one machine, and some machines at a time. */
async function runGroups(
  proofs: readonly Proof[],
  kernel: Kernel,
  loader: string,
  folder: string,
): Promise<readonly (readonly [string, Observed])[]> {
  const groups: (readonly Proof[])[] = [];
  for (let i = 0; i < proofs.length; i += TOGETHER) groups.push(proofs.slice(i, i + TOGETHER));
  const all: (readonly [string, Observed])[] = [];
  const work = async (): Promise<void> => {
    for (let group = groups.shift(); group; group = groups.shift())
      all.push(...(await runTogether(group, kernel, loader, folder)));
  };
  await Promise.all(Array.from({ length: MACHINES }, work));
  return all;
}

async function runTogether(
  proofs: readonly Proof[],
  kernel: Kernel,
  loader: string,
  folder: string,
): Promise<readonly (readonly [string, Observed])[]> {
  const files = [loader];
  if (proofs.some(({ scheduler }) => scheduler === true)) files.push(compileUnchecked(SCHEDULER, folder));
  const lines: string[] = [];
  for (const proof of proofs) {
    for (const side of SIDES) {
      files.push(build(proof, side, folder));
      lines.push(...commands(proof, side));
    }
  }
  const { console: text } = await boot({
    kernel,
    files,
    script: [PRELUDE, ...lines].join('\n'),
    timeoutMs: 300_000,
    silentMs: 40_000,
  });
  return proofs.flatMap((proof) =>
    SIDES.map((side) => [`${proof.name}-${side}`, observe(`${proof.name}-${side}`, text)] as const),
  );
}

function commands(proof: Proof, side: Side): readonly string[] {
  const beside = [`cat > /${proof.name}-${side}.beside <<'EOF'`, ...(proof.beside ?? HOGS), 'EOF'];
  const scheduler =
    proof.scheduler === true && side === 'right'
      ? [
          '/load /vm_share.bpf.o 200 &',
          'while [ "$(cat /sys/kernel/sched_ext/state)" != enabled ]; do sleep 1; done',
        ]
      : [];
  return [...scheduler, ...beside, `run ${proof.name}-${side} ${RUN[side]}`];
}

export function observe(name: string, text: string): Observed {
  const begin = text.indexOf(`BEGIN ${name}\n`);
  const end = text.indexOf(`END ${name}\n`);
  if (begin < 0) return { loaded: false, outcome: 'refused', console: '', reason: 'never reached' };
  const console = text.slice(begin, end < 0 ? undefined : end);
  const loaded = console.includes('ATTACHED') || end < 0;
  return { loaded, outcome: outcomeOf(console, loaded, end < 0), console, reason: reasonOf(console) };
}

function outcomeOf(console: string, loaded: boolean, endless: boolean): Outcome {
  if (endless) return 'hung';
  if (!loaded) return 'refused';
  return /disabled \((?!unregistered from user space)/.test(console) ? 'ejected' : 'runs';
}

/** What sched_ext, or the verifier, gives as its reason. */
function reasonOf(console: string): string {
  const ours = console
    .split('\n')
    .flatMap((line) => /sched_ext: (?!.*watchdog timeout)(.*)$/.exec(line)?.[1] ?? []);
  const kind = ours.flatMap((line) => /disabled \((?!unregistered)(.*)\)/.exec(line)?.[1] ?? [])[0];
  const why = ours.flatMap((line) => /^\w+: (.*)$/.exec(line)?.[1] ?? [])[0];
  const refused = /calling kernel function .* is not allowed/.exec(console)?.[0];
  return refused ?? [kind, why].filter((part) => part !== undefined).join(': ');
}
