import type { CancellationToken } from 'vscode-languageserver';
import type { Settings } from '../workspace/settings.ts';
import type { Template } from '../templates.ts';
import type { SimulateResult } from './protocol.ts';
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
  readonly find: (folder: string) => readonly string[];
  /** The policies of the gallery, in its order. */
  readonly templates: () => readonly Template[];
  /** Runs beside the server, tells how far it is in words, and ends early when cancelled. */
  readonly simulate: (
    job: SimulationJob,
    progress: (message: string) => void,
    token: CancellationToken,
  ) => Promise<SimulateResult>;
}
