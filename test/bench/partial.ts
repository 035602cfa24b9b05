import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ProgressType } from 'vscode-languageserver/node';
import { SIMULATE, type PartialSimulation, type SimulateResult } from '../../server/src/lsp/protocol.ts';
import { repository, Session } from '../lsp/session.ts';
import type { Row } from './measure.ts';

/**
 * From the request to the first partial result and to the whole, through the protocol: of a server that has simulated
 * nothing yet and has not read the trace, and again.
 */
export async function partialResults(trace: string): Promise<readonly Row[]> {
  if (!existsSync(trace)) return [];
  const path = join(repository, 'examples/spin_guard.pvpolicy');
  const uri = pathToFileURL(path).href;
  const session = await Session.start();
  await session.open(uri, readFileSync(path, 'utf8'));
  await session.publish(() => true);
  const rows: Row[] = [];
  for (const how of ['first run', 'again']) {
    let first = Number.NaN;
    const begin = performance.now();
    const listening = session.connection.onProgress(new ProgressType<PartialSimulation>(), how, () => {
      first = performance.now() - begin;
    });
    const params = { uri, trace, partialResultToken: how };
    const result = await session.connection.sendRequest<SimulateResult>(SIMULATE, params);
    if (!result.ok) throw new Error(result.message);
    const whole = performance.now() - begin;
    listening.dispose();
    rows.push({
      what: `first partial result, 1 M events, ${how}`,
      figure: `${first.toFixed(0)} ms`,
      budget: '500 ms',
      ratio: `${(first / whole).toFixed(2)} of the ${whole.toFixed(0)} ms of the whole`,
    });
  }
  session.child.kill();
  return rows;
}
