import { WorkDoneProgress, type CancellationToken, type Connection } from 'vscode-languageserver';
import type { Configuration } from './configuration.ts';
import type { Documents } from './documents.ts';
import type { Host } from './host.ts';
import type { SimulateParams, SimulateResult } from './protocol.ts';

/** Answers `pvpolicy/simulate`: runs an open policy over a trace, and reports how far it is. */
export const simulate =
  (documents: Documents, configuration: Configuration, connection: Connection, host: Host) =>
  async (params: SimulateParams, token: CancellationToken): Promise<SimulateResult> => {
    const { uri, scenario, trace, workDoneToken } = params;
    const snapshot = documents.get(uri);
    const path = host.pathOf(uri);
    if (!snapshot) return { ok: false, message: 'the policy is not open' };
    const say = (value: object): void => {
      if (workDoneToken !== undefined)
        void connection.sendProgress(WorkDoneProgress.type, workDoneToken, value as never);
    };
    const job = {
      text: snapshot.text,
      settings: configuration.settingsOf(uri),
      path: path ?? '',
      scenario,
      trace,
      params: params.params ?? {},
      pictures: params.pictures ?? false,
    };
    say({ kind: 'begin', title: 'Simulating', cancellable: true });
    try {
      return await host.simulate(job, (message) => say({ kind: 'report', message }), token);
    } finally {
      say({ kind: 'end' });
    }
  };
