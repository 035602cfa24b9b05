import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { compileObject, findClang, isClang, writeFiles } from '../emit/clang.ts';
import { inFolder, locate, run } from '../emit/tools.ts';
import { compare, percent, type Compared } from '../kernel/probe/compare.ts';
import { readMeasured, type Measured } from '../kernel/probe/measured.ts';
import { probeFiles, type PreemptCount } from '../kernel/probe/program.ts';
import type { Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { Refusal } from './refusal.ts';
import { table, type Terminal } from './terminal.ts';

/** `pvpolicy kernel probe`: what the catalogue says of tracepoints, measured on the running kernel. */
export async function probeKernel({ given, terminal }: Invocation): Promise<Exit> {
  const seconds = secondsOf(given.text('seconds') ?? '3');
  if (process.platform !== 'linux') throw new Refusal('kernel probe: only a running Linux can be measured');
  if (process.getuid?.() !== 0) throw new Refusal('kernel probe: only root may load its programs');
  if (!existsSync('/sys/kernel/btf/vmlinux')) throw new Refusal('kernel probe: this kernel has no BTF');
  const rows = compare(await measure(seconds));
  if (given.flag('json')) terminal.out(`${JSON.stringify(asJson(rows))}\n`);
  else show(rows, terminal);
  return rows.some(({ verdict }) => verdict === 'contradicted') ? EXIT.findings : EXIT.ok;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 60)
    throw new Refusal(`--seconds: '${text}' is no whole number from 1 to 60`);
  return seconds;
}

/** Builds the probe in a folder of its own, runs it, and reads what it saw. */
async function measure(seconds: number): Promise<readonly Measured[]> {
  const clang = await findClang();
  if (!isClang(clang)) throw new Refusal('kernel probe needs clang 16 or newer: apt-get install clang');
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const files = probeFiles({ count: preemptCount(), arch });
  const compiled = await compileObject(files, { name: 'probe', text: '' }, clang);
  if (compiled.kind !== 'compiled')
    throw new Refusal(
      compiled.kind === 'no-header'
        ? `kernel probe needs the header ${compiled.header}: apt-get install libbpf-dev`
        : `clang did not compile the probe${'log' in compiled ? `: ${compiled.log}` : ''}`,
    );
  return inFolder(async (folder) => {
    await writeFiles(folder, [...files, ...compiled.objects]);
    const flags = ['-O2', '-o', 'probe', 'probe.c', '-lbpf', '-lelf', '-lz'];
    const built = await run(locate('cc') ?? 'cc', flags, folder, 60_000);
    if (built.code !== 0)
      throw new Refusal(
        `kernel probe needs a C compiler and libbpf: apt-get install gcc libbpf-dev libelf-dev\n${built.output}`,
      );
    const ran = await run('./probe', ['probe.bpf.o', String(seconds)], folder, (seconds + 30) * 1000);
    if (ran.code !== 0) throw new Refusal(`the probe was refused: ${ran.output.trim()}`);
    return readMeasured(ran.output);
  });
}

/** Only a kernel that keeps the symbols of its variables lets programs read the count. */
function preemptCount(): PreemptCount | undefined {
  const symbols = readFileSync('/proc/kallsyms', 'latin1');
  return (['__preempt_count', 'pcpu_hot'] as const).find((name) => symbols.includes(` ${name}\n`));
}

const asJson = (rows: readonly Compared[]): unknown => ({
  version: 1,
  kernel: release(),
  ...counts(rows),
  tracepoints: rows.map(({ row, measured, verdict, facts }) => ({
    name: row.name,
    verdict,
    measured,
    facts,
  })),
});

const counts = (rows: readonly Compared[]) => ({
  measured: rows.filter(({ measured }) => measured !== undefined && measured.events > 0).length,
  confirmed: rows.filter(({ verdict }) => verdict === 'confirmed').length,
  contradicted: rows.filter(({ verdict }) => verdict === 'contradicted').length,
});

function show(rows: readonly Compared[], { out, paint }: Terminal): void {
  const share = (part: number, whole: number): string => (whole === 0 ? '–' : percent(part, whole));
  const fired = rows.filter(({ measured }) => measured !== undefined && measured.events > 0);
  const cells = fired.flatMap(({ row, measured: m, verdict }) =>
    m === undefined
      ? []
      : [
          [
            row.name,
            String(m.events),
            share(m.rqHeld, m.rqKnown),
            share(m.taskRqHeld, m.taskKnown),
            share(m.piHeld, m.taskKnown),
            share(m.irqsOff, m.irqsKnown),
            share(m.unpreemptible, m.countKnown),
            share(m.hardirq, m.countKnown),
            share(m.softirq, m.countKnown),
            share(m.nmi, m.countKnown),
            String(m.vcpu),
            paint(verdict === 'contradicted' ? 'red' : verdict === 'confirmed' ? 'green' : 'dim', verdict),
          ],
        ],
  );
  const titles =
    'tracepoint,events,rq,rq(task),pi_lock,irqs off,preempt off,hardirq,softirq,nmi,vCPU,catalogue';
  const columns = titles
    .split(',')
    .map((title, i) => ({ title, align: i === 0 || i === 11 ? ('left' as const) : ('right' as const) }));
  out(table(columns, cells, paint));
  for (const { row, facts } of rows) {
    for (const { what, ok, text } of facts) if (!ok) out(`${paint('red', row.name)}: ${what}: ${text}\n`);
  }
  const { measured, confirmed, contradicted } = counts(rows);
  const here = rows.filter((row) => row.measured !== undefined).length;
  out(
    `\nLinux ${release()}: ${here} of ${rows.length} tracepoints are here, ${measured} fired, ${confirmed} confirmed, ` +
      `${contradicted} contradicted; the others fired too rarely to tell\n`,
  );
}
