import {
  BranchCoverage,
  DeclarationCoverage,
  FileCoverage,
  Position,
  StatementCoverage,
  type FileCoverageDetail,
  type Uri,
} from 'vscode';
import type { SimulationReport } from '../../../server/src/lsp/protocol.ts';

/** What a policy's scenarios ran: lines, ways of conditions, and hooks. */
export class ReportCoverage extends FileCoverage {
  readonly details: FileCoverageDetail[];

  constructor(uri: Uri, details: FileCoverageDetail[]) {
    const { statementCoverage, branchCoverage, declarationCoverage } = FileCoverage.fromDetails(uri, details);
    super(uri, statementCoverage, branchCoverage, declarationCoverage);
    this.details = details;
  }
}

/** The coverage of one policy by the runs of its scenarios together. */
export function coverageOf(uri: Uri, reports: readonly SimulationReport[]): ReportCoverage {
  const lines = sums(
    reports.flatMap(({ replay }) => replay.lines.map(({ line, hits }) => [line, hits] as const)),
  );
  const branches = branchSums(reports);
  const statements = [...lines].map(
    ([line, hits]) =>
      new StatementCoverage(
        hits,
        at(line),
        branches
          .get(line)
          ?.map((taken, way, all) => new BranchCoverage(taken, at(line), wayName(way, all.length))),
      ),
  );
  const [first] = reports;
  const hooks = (first?.replay.hooks ?? []).map(({ hook, line }) => {
    const fired = reports.reduce((sum, { replay }) => sum + firedOn(replay, line), 0);
    return new DeclarationCoverage(hook, fired, at(line));
  });
  return new ReportCoverage(uri, [...statements, ...hooks]);
}

function sums(pairs: readonly (readonly [number, number])[]): ReadonlyMap<number, number> {
  const all = new Map<number, number>();
  for (const [key, value] of pairs) all.set(key, (all.get(key) ?? 0) + value);
  return all;
}

/** By line; of two conditions on one line the first counts. */
function branchSums(reports: readonly SimulationReport[]): ReadonlyMap<number, readonly number[]> {
  const all = new Map<number, readonly number[]>();
  for (const { replay } of reports) {
    const seen = new Set<number>();
    for (const { line, taken } of replay.branches) {
      if (seen.has(line)) continue;
      seen.add(line);
      const before = all.get(line);
      all.set(line, before ? taken.map((one, way) => one + (before[way] ?? 0)) : taken);
    }
  }
  return all;
}

const firedOn = ({ hooks }: SimulationReport['replay'], line: number): number =>
  hooks.find((hook) => hook.line === line)?.fired ?? 0;

const wayName = (way: number, ways: number): string =>
  ways === 2 ? (way === 0 ? 'then' : 'else') : way === ways - 1 ? 'none of the arms' : `arm ${way + 1}`;

const at = (line: number): Position => new Position(line - 1, 0);
