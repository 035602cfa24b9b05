import { LSPErrorCodes, ResponseError, type CancellationToken, type Connection } from 'vscode-languageserver';
import { VERSION } from '../version.ts';
import type { Timings } from './timings.ts';

export type Guard = <P, R>(
  name: string,
  handle: (params: P, token: CancellationToken) => Answer<R> | Promise<Answer<R>>,
  otherwise: R,
) => (params: P, token: CancellationToken) => Promise<Answer<R>>;

export type Answer<R> = R | ResponseError<never>;

/**
 * Wraps request handlers: a request that the client gave up is not computed, every run is timed, and a bug is written
 * to the log and answered with `otherwise` instead of ending the server.
 */
export function guarded(connection: Connection, timings: Timings): Guard {
  return (name, handle, otherwise) => async (params, token) => {
    if (token.isCancellationRequested) return cancelled();
    const start = performance.now();
    try {
      const result = await handle(params, token);
      return token.isCancellationRequested ? cancelled() : result;
    } catch (error) {
      report(connection, name, error);
      return otherwise;
    } finally {
      timings.add(name, performance.now() - start);
    }
  };
}

const cancelled = (): ResponseError<never> =>
  new ResponseError<never>(LSPErrorCodes.RequestCancelled, 'cancelled by the client');

/** Answers what was asked about a text that has changed before it was understood. */
export const modified = (): ResponseError<never> =>
  new ResponseError<never>(LSPErrorCodes.ContentModified, 'the text has changed');

/** Writes a bug of ours to the client's log. */
export function report(connection: Connection, doing: string, error: unknown): void {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  connection.console.error(`A bug of pvpolicy ${VERSION} in ${doing}: ${told}`);
}
