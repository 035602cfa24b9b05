import { dirname, isAbsolute, join } from 'node:path';
import { snapshot } from '../pipeline.ts';
import { parseDuration } from '../simulate/params.ts';
import type { Mode, SimulationOptions } from '../simulation.ts';
import type { Given, Options } from './command.ts';
import { readPolicy } from './input.ts';
import { Refusal } from './refusal.ts';
import { settingsFor } from './settings.ts';

const MODES: readonly Mode[] = ['both', 'replay', 'what-if'];

/** Options of the commands that run policies. */
export const RUN_OPTIONS = {
  param: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'the value of a param or tunable; may be repeated',
  },
  mode: {
    type: 'string',
    value: 'MODE',
    help: 'replay (exact, the schedule as recorded), what-if (a model, the policy in charge) or both (the default)',
  },
  baseline: {
    type: 'string',
    multiple: true,
    value: 'BASELINE',
    help: "what to compare with: eevdf (the kernel's own scheduler, the default), pinned, or the file of another policy",
  },
  'agent-delay': {
    type: 'string',
    value: 'FROM..TO',
    help: 'what-if: how long the agent takes to act, spread evenly (600us..1700us, as measured)',
  },
  watchdog: {
    type: 'string',
    value: 'DURATION',
    help: 'what-if: how long sched_ext lets a task wait before it throws the policy out (5s)',
  },
} as const satisfies Options;

/** How to run the policy in `file`, as the command line says. */
export function runOptions(given: Given, file: string): Omit<SimulationOptions, 'scenario'> {
  const delay = given.text('agent-delay');
  const watchdog = given.text('watchdog');
  return {
    params: params(given),
    mode: mode(given),
    baselines: given.texts('baseline'),
    // On the command line a file is named as any other; in a scenario relative to the policy.
    openPolicy: (path) =>
      openPolicy(given, given.texts('baseline').includes(path) ? path : join(dirname(file), path)),
    ...(delay !== undefined && { delay: delayOf(delay) }),
    ...(watchdog !== undefined && { watchdog: durationOf('watchdog', watchdog) }),
  };
}

function openPolicy(given: Given, path: string): ReturnType<NonNullable<SimulationOptions['openPolicy']>> {
  const input = readPolicy(path);
  return input.ok ? snapshot(input.text, settingsFor(path, given)) : input.problem.message;
}

/** The settings of `--param`, each of the form NAME=VALUE. */
function params(given: Given): readonly string[] {
  const settings = given.texts('param');
  const wrong = settings.find((setting) => !setting.includes('='));
  if (wrong !== undefined) throw new Refusal(`--param is NAME=VALUE, not '${wrong}'`);
  return settings;
}

function mode(given: Given): Mode {
  const named = given.text('mode') ?? 'both';
  const known = MODES.find((one) => one === named);
  if (known === undefined) throw new Refusal(`--mode is one of ${MODES.join(', ')}, not '${named}'`);
  return known;
}

function durationOf(option: string, text: string): number {
  const ns = parseDuration(text);
  if (ns === undefined || ns <= 0n) throw new Refusal(`--${option} is a duration such as 5s, not '${text}'`);
  return Number(ns);
}

function delayOf(text: string): { from: number; to: number } {
  const [from, to] = text.split('..').map(parseDuration);
  if (from === undefined || (text.includes('..') && to === undefined) || (to ?? from) < from)
    throw new Refusal(`--agent-delay is FROM..TO, such as 600us..1700us, not '${text}'`);
  return { from: Number(from), to: Number(to ?? from) };
}

/** A path in the policy `file`: relative to it. */
export const fromPolicy = (file: string, path: string | undefined): string | undefined =>
  path === undefined || isAbsolute(path) ? path : join(dirname(file), path);
