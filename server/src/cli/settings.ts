import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LineIndex } from '../../../grammar/text.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { PROFILES, type Profile } from '../kernel/profiles.ts';
import { hasErrors } from '../pipeline.ts';
import { readConfig } from '../workspace/config.ts';
import { decode } from '../workspace/decode.ts';
import { besideConfig, configPaths, CONFIG_NAME, DEFAULTS, type Settings } from '../workspace/settings.ts';
import type { Given } from './command.ts';
import { place } from './format/checked.ts';
import { reason, Refusal } from './refusal.ts';

/** The settings for the policy at `path`: --kernel before --config before the nearest pvpolicy.json. */
export function settingsFor(path: string, given: Given): Settings {
  const config = given.text('config') ?? nearest(path);
  const settings = config === undefined ? DEFAULTS : read(config);
  const profile = given.text('kernel');
  return profile === undefined ? settings : { ...settings, profile: known(profile) };
}

/** A built-in profile by its name, or one from a file. */
export function known(profile: string): string | Profile {
  if (PROFILES.some(({ id }) => id === profile)) return profile;
  if (!statSync(profile, { throwIfNoEntry: false })?.isFile()) {
    throw new Refusal(
      `no kernel profile '${profile}', and no file of that name; 'pvpolicy kernel list' shows the profiles there are`,
    );
  }
  const opened = openKernel(bytes(profile), profile);
  if (opened.ok) return opened.profile;
  throw new Refusal(`no kernel profile and no BTF: ${opened.message}`, profile);
}

/** Standard input counts as a file of the working directory. */
function nearest(path: string): string | undefined {
  const full = path === '-' ? join(process.cwd(), CONFIG_NAME) : resolve(path);
  return configPaths(full).find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
}

const cache = new Map<string, Settings>();

function read(path: string): Settings {
  const cached = cache.get(path);
  if (cached) return cached;
  const text = decode(bytes(path)).text;
  const { settings, diagnostics } = readConfig(text, (file) => {
    const named = besideConfig(path, file);
    return openKernel(bytes(named), named);
  });
  const [first] = diagnostics;
  if (first && hasErrors(diagnostics)) {
    const { line, column } = place(new LineIndex(text), first.span.start);
    throw new Refusal(`${line}:${column}: ${first.code} ${first.message}`, path);
  }
  cache.set(path, settings);
  return settings;
}

function bytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Refusal(`cannot be read: ${reason(error)}`, path);
  }
}
