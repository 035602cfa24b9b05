import type { SimulationReport } from '../simulation.ts';

export type { SimulationReport };

/**
 * What client and server say to each other beyond LSP. The client imports this file and no other of the server.
 */

/** Commands that code lenses ask the client to run; offered only to a client that has them. */
export const CLIENT_COMMANDS = {
  compile: 'pvpolicy.compile',
  simulate: 'pvpolicy.simulate',
} as const;

/** Sent with `initialize`. Every part may be missing. */
export interface InitializationOptions {
  /** The client has CLIENT_COMMANDS, so lenses are of use. */
  readonly lenses?: boolean;
  /** 'pull': the client will ask for diagnostics; they are then not pushed. */
  readonly diagnostics?: 'push' | 'pull';
}

/** The section `pvpolicy` of the client's settings, as far as the server reads it. */
export interface ClientSettings {
  /** A kernel profile that takes the place of pvpolicy.json's; '' for none. */
  readonly kernelProfile?: string;
}

export const COMPILE = 'pvpolicy/compile';

export interface CompileParams {
  readonly uri: string;
}

export type CompileResult =
  | { readonly ok: true; readonly files: readonly { readonly name: string; readonly text: string }[] }
  | { readonly ok: false; readonly message: string };

/** Runs a policy over a trace. Takes a `workDoneToken`; cancelling ends the run. */
export const SIMULATE = 'pvpolicy/simulate';

export interface SimulateParams {
  readonly uri: string;
  /** Absent: the policy's first scenario. */
  readonly scenario?: string;
  /** Path of a trace that takes the place of the scenario's. */
  readonly trace?: string;
  /** Values of params and tunables, as written in a policy. */
  readonly params?: Readonly<Record<string, string>>;
  readonly workDoneToken?: string | number;
}

export type SimulateResult =
  /** `notes`: what the run leaves out or takes for granted. */
  | { readonly ok: true; readonly report: SimulationReport; readonly notes: readonly string[] }
  /** `needsTrace`: with another trace it may go. */
  | { readonly ok: false; readonly message: string; readonly needsTrace?: boolean };

/** How long the requests so far took; for people who look into a slow server. */
export const TIMINGS = 'pvpolicy/timings';
