import type { Pictures } from '../simulate/pictures.ts';
import type { LogFinding } from '../kernel/verifier-log/explain.ts';
import type { SimulationReport } from '../simulation.ts';
import type { Template } from '../templates.ts';

export type { LogFinding, SimulationReport, Template };
export type { Decision } from '../simulate/result.ts';
export type { ReportData } from '../report.ts';
export type { DistributionsOf, Pictures, TimelineOf } from '../simulate/pictures.ts';
export type { Timeline, TimelineThread } from '../simulate/timeline.ts';

/**
 * What client and server say to each other beyond LSP. The client imports this file and no other of the server.
 */

/** Commands that code lenses ask the client to run; offered only to a client that has them. */
export const CLIENT_COMMANDS = {
  compile: 'pvpolicy.compile',
  simulate: 'pvpolicy.simulate',
} as const;

/** Commands that the server runs itself; offered only to a client that has none of its own. */
export const SERVER_COMMANDS = {
  simulate: 'pvpolicy.simulate',
} as const;

/** Sent with `initialize`. Every part may be missing. */
export interface InitializationOptions {
  /** The client has CLIENT_COMMANDS, so lenses are of use. */
  readonly lenses?: boolean;
  /** 'pull': the client will ask for diagnostics; they are then not pushed. */
  readonly diagnostics?: 'push' | 'pull';
  /** The client's settings, so that the first answers need not wait until the server has asked for them. */
  readonly settings?: ClientSettings;
}

/** The section `pvpolicy` of the client's settings, as far as the server reads it. */
export interface ClientSettings {
  /** A kernel profile that takes the place of pvpolicy.json's; '' for none. */
  readonly kernelProfile?: string;
}

/**
 * A notification that may come before `initialize`, as soon as there is a server to send it to: what the client is about
 * to open, so that the work on it need not wait until the client has got so far.
 */
export const OPENING = 'pvpolicy/opening';

export interface OpeningParams {
  readonly settings: ClientSettings;
  readonly policies: readonly { readonly uri: string; readonly text: string }[];
}

export const COMPILE = 'pvpolicy/compile';

export interface CompileParams {
  readonly uri: string;
}

export type CompileResult =
  | { readonly ok: true; readonly files: readonly { readonly name: string; readonly text: string }[] }
  | { readonly ok: false; readonly message: string };

/**
 * Runs a policy over a trace. Takes a `workDoneToken`; cancelling ends the run. Of a long trace a PartialSimulation is sent
 * first, where there is a `partialResultToken`.
 */
export const SIMULATE = 'pvpolicy/simulate';

export interface SimulateParams {
  readonly uri: string;
  /** Absent: the policy's first scenario. */
  readonly scenario?: string;
  /** Path of a trace that takes the place of the scenario's. */
  readonly trace?: string;
  /** Values of params and tunables, as written in a policy. */
  readonly params?: Readonly<Record<string, string>>;
  /** Wanted too: what timelines and distributions are drawn from, which is large. */
  readonly pictures?: boolean;
  readonly workDoneToken?: string | number;
  readonly partialResultToken?: string | number;
}

/** What a replay of the first part of a long trace found, while the whole is still at work. */
export interface PartialSimulation {
  /** Its `trace` says how long the part is. */
  readonly report: SimulationReport;
}

export type SimulateResult =
  /** `notes`: what the run leaves out or takes for granted. */
  | {
      readonly ok: true;
      readonly report: SimulationReport;
      readonly notes: readonly string[];
      readonly pictures?: Pictures;
    }
  /** `needsTrace`: with another trace it may go. */
  | { readonly ok: false; readonly message: string; readonly needsTrace?: boolean };

/** Explains what was printed when a program did not load: by the loader, bpftool, or the verifier itself. */
export const EXPLAIN_LOG = 'pvpolicy/explainLog';

export interface ExplainLogParams {
  readonly log: string;
  /** The open policy that the log is about: its lines are then those of the document as it is now. */
  readonly uri?: string;
}

/** Empty: there is no refusal in the log. `line` counts from 1; `exact: false` means at or after it. */
export type ExplainLogResult = readonly LogFinding[];

/** Policies to begin a new one with; the client puts the new policy's name in the place of `policy NAME for`. */
export const TEMPLATES = 'pvpolicy/templates';

export type TemplatesResult = readonly Template[];

/** How long the requests so far took; for people who look into a slow server. */
export const TIMINGS = 'pvpolicy/timings';

/** When the server got how far on its way to the first diagnostics, in ms since 1970; what is missing is to come. */
export const START_TIMES = 'pvpolicy/startTimes';

export interface StartTimes {
  /** The process began. */
  readonly booted?: number;
  /** The server is ready to read. */
  readonly loaded?: number;
  /** `initialize` was read. */
  readonly asked?: number;
  /** All that is wrong with a policy is known, and not yet said. */
  readonly checked?: number;
  /** A policy was opened. */
  readonly opened?: number;
  readonly published?: number;
}

/** What a policy declares, for views and test lists: of an open document, else of the file. null where there is none. */
export const OUTLINE = 'pvpolicy/outline';

export interface OutlineParams {
  readonly uri: string;
}

/** Lines count from 1, as in a SimulationReport; texts are as they are written. */
export interface PolicyOutline {
  readonly policy: string;
  /** Of the header, from 1; null where there is none. */
  readonly line: number | null;
  readonly target: string;
  /** The kernels that the policy is held against: '7.3', 'Linux 6.12 to 7.3'. */
  readonly kernel: string;
  readonly hasErrors: boolean;
  readonly params: readonly OutlineParam[];
  readonly hooks: readonly { readonly title: string; readonly line: number }[];
  readonly state: readonly {
    readonly title: string;
    readonly line: number;
    readonly fields: readonly { readonly name: string; readonly type: string; readonly line: number }[];
  }[];
  readonly measures: readonly {
    readonly kind: 'counter' | 'histogram';
    readonly name: string;
    readonly per: string;
    readonly line: number;
  }[];
  readonly invariants: readonly { readonly name: string; readonly line: number }[];
  readonly scenarios: readonly OutlineScenario[];
}

export interface OutlineParam {
  readonly name: string;
  readonly tunable: boolean;
  readonly type: string;
  readonly value: string;
  /** null: any value of the type. */
  readonly range: string | null;
  readonly doc: string | null;
  readonly line: number;
}

/** Why a param or tunable cannot have a value in a simulation, as a sentence; null where it can. */
export const CHECK_PARAM = 'pvpolicy/checkParam';

export interface CheckParamParams {
  readonly uri: string;
  readonly name: string;
  /** As written in a policy. */
  readonly value: string;
}

export interface OutlineScenario {
  readonly name: string;
  readonly line: number;
  /** The last line. */
  readonly end: number;
  readonly trace: string | null;
  readonly expectations: readonly { readonly text: string; readonly line: number }[];
}

/** The kernel profiles that a policy can be held against, by name, the oldest first. */
export const KERNELS = 'pvpolicy/kernels';

/** What each hook of a kernel may do with each call. */
export const MATRIX = 'pvpolicy/matrix';

export interface MatrixParams {
  /** One of KERNELS. */
  readonly kernel: string;
}

/** Hooks that may do the same are one column, calls that are allowed in the same hooks one row. null: no such kernel. */
export interface MatrixResult {
  readonly kernel: string;
  readonly hooks: readonly (readonly string[])[];
  readonly calls: readonly {
    readonly names: readonly string[];
    readonly cells: readonly {
      readonly permission: 'allowed' | 'deferred' | 'never';
      readonly why?: string;
    }[];
  }[];
  /** What the codes in `why` mean. */
  readonly codes: Readonly<Record<string, string>>;
}
