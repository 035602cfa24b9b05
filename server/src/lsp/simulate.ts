import {
  MessageType,
  ProgressType,
  ShowMessageNotification,
  WorkDoneProgress,
  type CancellationToken,
  type Connection,
  type ExecuteCommandParams,
} from 'vscode-languageserver';
import type { Configuration } from './configuration.ts';
import type { Documents } from './documents.ts';
import type { Host, Told } from './host.ts';
import {
  SERVER_COMMANDS,
  type PartialSimulation,
  type SimulateParams,
  type SimulateResult,
  type SimulationReport,
} from './protocol.ts';
import type { SimulationHints } from './simulation-hints.ts';

const PARTIAL = new ProgressType<PartialSimulation>();

/** Answers `pvpolicy/simulate`: runs an open policy over a trace, and reports how far it is. */
export const simulate =
  (documents: Documents, configuration: Configuration, connection: Connection, host: Host) =>
  async (
    params: SimulateParams,
    token: CancellationToken,
    partial: (found: PartialSimulation) => void = () => {},
  ): Promise<SimulateResult> => {
    const { uri, scenario, trace, workDoneToken, partialResultToken } = params;
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
      const told: Told = {
        progress: (message) => say({ kind: 'report', message }),
        partial: (found) => {
          partial(found);
          if (partialResultToken !== undefined)
            void connection.sendProgress(PARTIAL, partialResultToken, found);
        },
      };
      return await host.simulate(job, told, token);
    } finally {
      say({ kind: 'end' });
    }
  };

/**
 * Answers the command SERVER_COMMANDS.simulate with [URI, scenario?, trace?], for clients that have none of their own: runs
 * the policy as it is in the editor, says how it went, and has what was found shown behind the lines.
 */
export const simulateCommand =
  (run: ReturnType<typeof simulate>, documents: Documents, connection: Connection, shown: Shown) =>
  async (params: ExecuteCommandParams, token: CancellationToken): Promise<string> => {
    const [uri, scenario, trace] = (params.arguments ?? []).map((one) =>
      typeof one === 'string' ? one : undefined,
    );
    const text = uri === undefined ? undefined : documents.get(uri)?.text;
    if (params.command !== SERVER_COMMANDS.simulate || uri === undefined || text === undefined)
      return say(connection, false, 'pvpolicy.simulate takes the URI of an open policy');
    const { workDoneToken } = params;
    const show = (report: SimulationReport, partial: boolean): void => {
      shown.hints.note(uri, text, report, partial);
      if (shown.refreshes()) void connection.languages.inlayHint.refresh();
    };
    const result = await run(
      {
        uri,
        ...(scenario && { scenario }),
        ...(trace && { trace }),
        ...(workDoneToken !== undefined && { workDoneToken }),
      },
      token,
      ({ report }) => show(report, true),
    );
    if (!result.ok && shown.hints.forgetPartial(uri) && shown.refreshes())
      void connection.languages.inlayHint.refresh();
    if (token.isCancellationRequested) return '';
    if (!result.ok) return say(connection, false, result.message);
    show(result.report, false);
    return say(connection, !isBroken(result.report), summary(result.report));
  };

/** Where results are shown, and whether the client asks again when it is told to. */
export interface Shown {
  readonly hints: SimulationHints;
  readonly refreshes: () => boolean;
}

function say(connection: Connection, ok: boolean, message: string): string {
  // No `connection.window.show…`, which is a request that waits for the user.
  const type = ok ? MessageType.Info : MessageType.Error;
  void connection.sendNotification(ShowMessageNotification.type, { type, message });
  return message;
}

const isBroken = ({ expectations, replay }: SimulationReport): boolean =>
  expectations.some(({ ok }) => ok === false) || replay.invariants.some(({ ok }) => !ok);

/** `spin_guard, three_vms: boost 1×, unboost 1×; 3 of 3 expectations hold` */
function summary({ policy, scenario, expectations, replay }: SimulationReport): string {
  const actions = Object.entries(replay.actions).map(([action, count]) => `${action} ${count}×`);
  const held = expectations.filter(({ ok }) => ok === true).length;
  const broken = replay.invariants.filter(({ ok }) => !ok).map(({ name }) => `; '${name}' is broken`);
  const expected = expectations.length > 0 ? `; ${held} of ${expectations.length} expectations hold` : '';
  const title = scenario === null ? policy : `${policy}, ${scenario}`;
  return `${title}: ${actions.join(', ') || 'no action'}${expected}${broken.join('')}`;
}
