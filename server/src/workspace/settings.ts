import type { Profile } from '../kernel/profiles.ts';
import type { Allowlist } from '../safety/allowlist.ts';

/** What pvpolicy.json and the command line decide about a policy. */
export interface Settings {
  /** The kernel that policies are held against: a built-in profile's name, or one that was imported; undefined: every supported one. */
  readonly profile: string | Profile | undefined;
  /** What may be called, hooked and asked for. */
  readonly allowlist: Allowlist;
}

export const DEFAULTS: Settings = { profile: undefined, allowlist: {} };

export const CONFIG_NAME = 'pvpolicy.json';

/** The places where the pvpolicy.json of a policy may be, nearest first. Takes `/` and `\` as separators. */
export function configPaths(policyPath: string): readonly string[] {
  const paths: string[] = [];
  let end = lastSeparator(policyPath);
  while (end >= 0) {
    paths.push(policyPath.slice(0, end + 1) + CONFIG_NAME);
    end = lastSeparator(policyPath.slice(0, end));
  }
  return paths;
}

const lastSeparator = (path: string): number => Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
