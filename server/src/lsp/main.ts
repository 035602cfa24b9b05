import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { report } from './guard.ts';
import { nodeHost } from './node/host.ts';
import { serve } from './server.ts';

/** ms until all that a start needs has run. */
const SETTLED = 10_000;

// A keystroke makes garbage that is dead before the next one: with room for it, it is never copied.
setFlagsFromString('--min-semi-space-size=16');
setFlagsFromString('--max-semi-space-size=32');
setFlagsFromString('--semi-space-growth-factor=8');

if (isMainThread) {
  // Takes the transport from the arguments (--stdio, --node-ipc) and ends with the client's process.
  const connection = createConnection(ProposedFeatures.all);
  serve(connection, nodeHost(fileURLToPath(import.meta.url)));
  // From here on a bug is told and survived.
  process.on('uncaughtException', (error) => report(connection, 'the background', error));
  process.on('unhandledRejection', (error) => report(connection, 'the background', error));
  setTimeout(keepCompiled, SETTLED).unref();
} else {
  const { answerJobs } = await import('./node/worker.ts');
  answerJobs();
}

/** Keeps what was compiled for this start for the next one: when a long session ends, V8 has dropped it as long unused. */
function keepCompiled(): void {
  // From Node 22.10 on, and only where NODE_COMPILE_CACHE is set.
  const { flushCompileCache } = nodeModule as { readonly flushCompileCache?: () => void };
  flushCompileCache?.();
}
