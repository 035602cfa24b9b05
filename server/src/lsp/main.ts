import { isMainThread } from 'node:worker_threads';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { nodeHost } from './node/host.ts';
import { answerJobs } from './node/worker.ts';
import { report } from './guard.ts';
import { serve } from './server.ts';

if (isMainThread) {
  // Takes the transport from the arguments (--stdio, --node-ipc) and ends with the client's process.
  const connection = createConnection(ProposedFeatures.all);
  serve(connection, nodeHost());
  // From here on a bug is told and survived.
  process.on('uncaughtException', (error) => report(connection, 'the background', error));
  process.on('unhandledRejection', (error) => report(connection, 'the background', error));
} else {
  answerJobs();
}
