import { writeFileSync } from 'node:fs';
import { hasErrors, snapshot } from '../pipeline.ts';
import { sidecarPath } from '../trace/sidecar.ts';
import type { Command, Given, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { onePolicy } from './input.ts';
import { eventsFor } from './record/events.ts';
import { describeHost, joined } from './record/host.ts';
import { guard } from './record/guard.ts';
import { type Recording, record as recordFrom } from './record/recorder.ts';
import { Instance, tracefs } from './record/tracefs.ts';
import { reason, Refusal } from './refusal.ts';
import { settingsFor } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** Of the kernel's buffer, for each CPU: a second of a busy one. */
const BUFFER_KB = 8192;
const MB = 1_000_000;

export const record: Command = {
  operands: '',
  options: {
    output: { type: 'string', short: 'o', value: 'TRACE', help: 'the file to write, a trace.dat' },
    policy: { type: 'string', value: 'FILE', help: 'record only what this policy and the simulator need' },
    seconds: { type: 'string', value: 'N', help: 'how long (10)' },
    size: { type: 'string', value: 'MB', help: 'stop when the trace is so large (256)' },
    'dry-run': { type: 'boolean', help: 'tell what would be done, and do nothing' },
  },
  notes: `Records on this host, as root, in a tracing instance of its own: other tracing goes on undisturbed. Ctrl-C ends it early.
Beside TRACE it writes TRACE.sidecar.json: how the kernel schedules, which no trace says.`,
  run: ({ operands, given, terminal }: Invocation): Promise<Exit> => {
    if (operands[0] !== undefined)
      throw new Refusal(`'${operands[0]}' is one too many; the file to write is named with -o`);
    const path = given.text('output');
    if (path === undefined) throw new Refusal('which file is to be written? Name it with -o');
    const limits = { seconds: positive(given, 'seconds', 10), bytes: positive(given, 'size', 256) * MB };
    const events = eventsFor(policyOf(given));
    if (!given.flag('dry-run')) return recordTo(path, events, limits, given, terminal);
    const planned = steps(path, events, limits);
    terminal.out(
      given.flag('json') ? `${JSON.stringify({ version: 1, steps: planned })}\n` : `${planned.join('\n')}\n`,
    );
    return Promise.resolve(EXIT.ok);
  },
};

interface Limits {
  readonly seconds: number;
  readonly bytes: number;
}

function positive(given: Given, name: string, fallback: number): number {
  const text = given.text(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Refusal(`--${name} is a number above 0, not '${text}'`);
}

function policyOf(given: Given) {
  const file = given.text('policy');
  if (file === undefined) return undefined;
  const { text } = onePolicy([file]);
  const current = snapshot(text, settingsFor(file, given));
  if (hasErrors(current.diagnostics))
    throw new Refusal('the policy has errors; see them with: pvpolicy check', file);
  return current;
}

async function recordTo(
  path: string,
  events: readonly string[],
  limits: Limits,
  given: Given,
  terminal: Terminal,
): Promise<Exit> {
  const instance = new Instance(tracefs());
  const dismiss = guard(instance.path);
  const remove = (): void => instance.remove();
  // Also where a bug ends the process.
  process.once('exit', remove);
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, abort);
  try {
    const left = switchOn(instance, events);
    if (left.length > 0) terminal.err(`this kernel does not have ${left.join(', ')}\n`);
    const before = describeHost();
    const done = await recordFrom(instance, path, limits, stop.signal);
    const sidecar = sidecarPath(path);
    writeFileSync(sidecar, `${JSON.stringify(joined(before, describeHost()), undefined, 1)}\n`);
    terminal.out(given.flag('json') ? json(path, sidecar, done) : said(path, sidecar, done));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof Error) || !('code' in error)) throw error;
    throw new Refusal(`cannot record: ${reason(error)}`, path);
  } finally {
    remove();
    dismiss();
    process.off('exit', remove);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, abort);
  }
}

/** Sets the instance up; gives the events that the kernel does not have. */
function switchOn(instance: Instance, events: readonly string[]): readonly string[] {
  instance.write('tracing_on', '0');
  instance.write('trace_clock', 'mono');
  instance.write('buffer_size_kb', String(BUFFER_KB));
  const left = events.filter((event) => !instance.has(`events/${event}/enable`));
  if (left.length === events.length) throw new Refusal('this kernel has none of the events');
  for (const event of events) if (!left.includes(event)) instance.write(`events/${event}/enable`, '1');
  return left;
}

function said(path: string, sidecar: string, { bytes, seconds, ended }: Recording): string {
  const why = { time: '', size: '; ended by --size', signal: '; ended by a signal' }[ended];
  return `${path}: ${(bytes / MB).toFixed(1)} MB in ${seconds.toFixed(1)} s${why}\n${sidecar}: what the trace does not say\n`;
}

function json(path: string, sidecar: string, { bytes, seconds, ended }: Recording): string {
  return `${JSON.stringify({ version: 1, trace: path, sidecar, bytes, duration_ns: Math.round(seconds * 1e9), ended })}\n`;
}

function steps(path: string, events: readonly string[], { seconds, bytes }: Limits): readonly string[] {
  return [
    'needs: Linux with tracefs, root; trace.dat and sidecar are written by this command itself',
    'mkdir /sys/kernel/tracing/instances/pvpolicy-PID, and in it:',
    '  echo mono > trace_clock',
    `  echo ${BUFFER_KB} > buffer_size_kb`,
    ...events.map((event) => `  echo 1 > events/${event}/enable`),
    '  echo 1 > tracing_on',
    `  read per_cpu/cpu*/trace_pipe_raw into ${path}, for ${seconds} s or ${bytes / MB} MB`,
    '  echo 0 > tracing_on',
    'rmdir /sys/kernel/tracing/instances/pvpolicy-PID',
    `write ${sidecarPath(path)}: HZ, base slice, features, topology, policies, affinities, cgroups`,
  ];
}
