import { RequestType, type Connection } from 'vscode-languageserver';
import { checkParam } from './check-param.ts';
import { compile } from './compile.ts';
import type { Configuration } from './configuration.ts';
import type { Documents } from './documents.ts';
import { explain } from './explain-log.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import { kernels, matrix } from './matrix.ts';
import { outline } from './outline.ts';
import {
  CHECK_PARAM,
  COMPILE,
  EXPLAIN_LOG,
  KERNELS,
  MATRIX,
  OUTLINE,
  SIMULATE,
  TEMPLATES,
  type CheckParamParams,
  type CompileParams,
  type CompileResult,
  type ExplainLogParams,
  type ExplainLogResult,
  type MatrixParams,
  type MatrixResult,
  type OutlineParams,
  type PolicyOutline,
  type SimulateParams,
  type SimulateResult,
  type TemplatesResult,
} from './protocol.ts';
import { simulate, simulateCommand, type Shown } from './simulate.ts';
import { inTurns } from './turns.ts';

const bug = { ok: false, message: 'a bug of pvpolicy; the log says more' } as const;

/** Answers what LSP has no request for: `pvpolicy/…`, and the command that simulates. */
export function registerOwnRequests(
  connection: Connection,
  documents: Documents,
  guard: Guard,
  host: Host,
  configuration: Configuration,
  shown: Shown,
): void {
  const run = simulate(documents, configuration, connection, host);
  connection.onRequest(
    new RequestType<CompileParams, CompileResult, void>(COMPILE),
    guard('compile', compile(documents, host), bug),
  );
  connection.onRequest(
    new RequestType<SimulateParams, SimulateResult, void>(SIMULATE),
    guard('simulate', run, bug),
  );
  connection.onExecuteCommand(
    guard('executeCommand', simulateCommand(run, documents, connection, shown), bug.message),
  );
  connection.onRequest(
    new RequestType<ExplainLogParams, ExplainLogResult, void>(EXPLAIN_LOG),
    guard('explainLog', explain(documents), []),
  );
  connection.onRequest(
    new RequestType<OutlineParams, PolicyOutline | null, void>(OUTLINE),
    guard('outline', outline(documents, configuration, host), null),
  );
  connection.onRequest(
    new RequestType<CheckParamParams, string | null, void>(CHECK_PARAM),
    guard('checkParam', checkParam(documents), null),
  );
  connection.onRequest(
    new RequestType<MatrixParams, MatrixResult | null, void>(MATRIX),
    guard('matrix', matrix, null),
  );
  connection.onRequest(KERNELS, kernels);
  connection.onRequest(
    TEMPLATES,
    async (): Promise<TemplatesResult> => (await inTurns(host.templates(), () => true)) ?? [],
  );
}
