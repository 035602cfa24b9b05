import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openTrace } from '../../server/src/trace/open.ts';
import { times, type Row } from './measure.ts';

const cli = join(process.cwd(), 'dist/cli.cjs');

/**
 * Runs `trace info` on a file and tells, when it ends, the most memory that it had, KB. (Not by its resource usage, which
 * a child takes over from the process that starts it.)
 */
const PROGRAM = `process.on('exit', () =>
  process.stderr.write('most ' + /VmHWM:\\s*(\\d+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'utf8'))[1]));
process.argv.splice(1, 0, ${JSON.stringify(cli)}); require(${JSON.stringify(cli)});`;

interface Ran {
  readonly ms: number;
  readonly bytes: number;
}

/** The fastest of three runs of `pvpolicy trace info`, from the start of the process to its end. */
function traceInfo(path: string): Ran {
  let bytes = 0;
  const [ms = Number.NaN] = times(3, () => {
    const { stderr } = spawnSync(process.execPath, ['-e', PROGRAM, '--', 'trace', 'info', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    bytes = 1024 * Number(/most (\d+)/.exec(stderr)?.[1] ?? Number.NaN);
  });
  return { ms, bytes };
}

/** What a user waits for at the command line, beside the same wait for trace-cmd, and what memory it takes. */
export async function commandLine(path: string): Promise<readonly Row[]> {
  if (!existsSync(path)) return [];
  const result = await openTrace(path);
  if (!result.ok) throw new Error(result.error.message);
  const { trace } = result;
  const columns = [
    trace.time,
    trace.kind,
    trace.cpu,
    trace.tid,
    trace.context,
    trace.a,
    trace.b,
    trace.c,
    trace.wide,
  ];
  const bytes = columns.reduce((sum, { BYTES_PER_ELEMENT }) => sum + BYTES_PER_ELEMENT, 0);
  const ours = traceInfo(path);
  return [
    {
      what: 'pvpolicy trace info trace.dat (zstd), as a user runs it',
      figure: `${ours.ms.toFixed(0)} ms`,
      budget: '',
      ratio: besideTraceCmd(path, ours.ms),
    },
    { what: 'memory of the columns, an event', figure: `${bytes} bytes`, budget: '64 bytes', ratio: '' },
    {
      what: 'most memory of the whole process, an event',
      figure: `${(ours.bytes / trace.length).toFixed(0)} bytes`,
      budget: '150 bytes',
      ratio: `${(ours.bytes / 1e6).toFixed(0)} MB for ${(trace.length / 1e6).toFixed(1)} M events, Node's own 50 MB among them`,
    },
  ];
}

function besideTraceCmd(path: string, ms: number): string {
  try {
    const [theirs = Number.NaN] = times(
      2,
      () => void execFileSync('trace-cmd', ['report', path], { stdio: 'ignore', timeout: 120_000 }),
    );
    return `${(theirs / ms).toFixed(1)} x trace-cmd report`;
  } catch {
    return 'trace-cmd is not installed';
  }
}
