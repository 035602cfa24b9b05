import type { CancellationToken } from 'vscode-languageserver';
import type { InParts } from '../../../grammar/in-parts.ts';
import type { Settings } from '../workspace/settings.ts';
import type { Template } from '../templates.ts';
import type { CompileResult, PartialSimulation, SimulateResult } from './protocol.ts';
import type { Docs } from './publish.ts';

/** What a run of the simulator needs; plain data, since it crosses to another thread. */
export interface SimulationJob {
  readonly text: string;
  readonly settings: Settings;
  /** Path of the policy, to which the paths of traces in scenarios are relative; '' where it is no file. */
  readonly path: string;
  readonly scenario: string | undefined;
  readonly trace: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  /** Are the pictures of the run wanted too? */
  readonly pictures: boolean;
}

/** Hears of a simulation while it runs. */
export interface Told {
  /** How far it is, in words. */
  readonly progress: (message: string) => void;
  readonly partial: (found: PartialSimulation) => void;
}

/** What compiling a policy needs; plain data, too. */
export interface CompileJob {
  readonly text: string;
  readonly settings: Settings;
  /** What the policy's file is called, in comments and `#line`. */
  readonly name: string;
}

/** What the server needs of the machine that it runs on, so that it can run elsewhere too. */
export interface Host {
  /** The path of a file URI; undefined for documents that are no file. */
  readonly pathOf: (uri: string) => string | undefined;
  readonly uriOf: (path: string) => string;
  /** The bytes of a file; undefined where there is none that can be read. */
  readonly read: (path: string) => Uint8Array | undefined;
  readonly docs: Docs;
  /** URI of the file at `path`, which is relative to the folder of the document `uri`. */
  readonly beside: (uri: string, path: string) => string | undefined;
  /** URI of the page about the kernel's hooks, or its calls. */
  readonly kernelPage: (name: 'hooks' | 'calls') => string | undefined;
  /** Paths of the policies and pvpolicy.json below a folder. */
  readonly find: (folder: string) => InParts<readonly string[]>;
  /** What is in the folder of a URI, but for hidden files; nothing where it cannot be read. */
  readonly entries: (uri: string) => readonly { readonly name: string; readonly isFolder: boolean }[];
  /** The policies of the gallery, in its order. */
  readonly templates: () => InParts<readonly Template[]>;
  /** Runs beside the server, tells how far it is, and ends early when cancelled. */
  readonly simulate: (job: SimulationJob, told: Told, token: CancellationToken) => Promise<SimulateResult>;
  /** Compiles beside the server, and ends early when cancelled. */
  readonly compile: (job: CompileJob, token: CancellationToken) => Promise<CompileResult>;
}
