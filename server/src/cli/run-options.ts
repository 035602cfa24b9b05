import { dirname, isAbsolute, join } from 'node:path';
import type { Given, Options } from './command.ts';
import { Refusal } from './refusal.ts';

/** Options of the commands that run policies. */
export const RUN_OPTIONS = {
  param: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'the value of a param or tunable; may be repeated',
  },
} as const satisfies Options;

/** The settings of `--param`, each of the form NAME=VALUE. */
export function params(given: Given): readonly string[] {
  const settings = given.texts('param');
  const wrong = settings.find((setting) => !setting.includes('='));
  if (wrong !== undefined) throw new Refusal(`--param is NAME=VALUE, not '${wrong}'`);
  return settings;
}

/** A path in the policy `file`: relative to it. */
export const fromPolicy = (file: string, path: string | undefined): string | undefined =>
  path === undefined || isAbsolute(path) ? path : join(dirname(file), path);
