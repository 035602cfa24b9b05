import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { describe, type Code } from '../diagnostics/table.ts';
import type { OutOfTree, Profile } from '../kernel/profiles.ts';
import type { Allowlist } from '../safety/allowlist.ts';

/** What pvpolicy.json and the command line decide about a policy. */
export interface Settings {
  /** The kernel that policies are held against: a built-in profile's name, or one that was imported; undefined: every supported one. */
  readonly profile: string | Profile | undefined;
  /** What may be called, hooked and asked for. */
  readonly allowlist: Allowlist;
  /** How grave a diagnostic is here, where that is not as the table has it. */
  readonly severity?: SeverityRules;
  /** Hooks and calls that the catalogue lacks. */
  readonly outOfTree?: OutOfTree;
}

export const SEVERITIES = ['error', 'warning', 'info', 'off'] as const;
export type SeverityRules = Readonly<Partial<Record<Code, (typeof SEVERITIES)[number]>>>;

/** Errors of safety that a program can be made of all the same: what they tell is a risk, not a gap. */
const RISKS = /^PV(40(0[1-9]|1[01]|2[2379])|5)/;

/** Can the severity of the code be set? Not of errors without which there is nothing to compile. */
export const mayChange = (code: Code): boolean =>
  /^PV[1-6]/.test(code) && (describe(code).severity !== 'error' || RISKS.test(code));

/** The diagnostics with the severities that the workspace gives them. */
export function withSeverity(
  diagnostics: readonly Diagnostic[],
  rules: SeverityRules | undefined,
): readonly Diagnostic[] {
  if (rules === undefined) return diagnostics;
  return diagnostics.flatMap((one) => {
    const severity = rules[one.code];
    if (severity === 'off') return [];
    return severity === undefined ? one : { ...one, severity };
  });
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

/** A path that a pvpolicy.json names, which is relative to the folder of the file. */
export const besideConfig = (config: string, path: string): string =>
  /^([/\\]|[A-Za-z]:)/.test(path) ? path : config.slice(0, lastSeparator(config) + 1) + path;

const lastSeparator = (path: string): number => Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
