import {
  BranchCoverage,
  DeclarationCoverage,
  FileCoverage,
  Position,
  Range,
  StatementCoverage,
  type FileCoverageDetail,
  type Uri,
} from 'vscode';
import type { Covered, CoveredLine } from './covered.ts';

/** What a policy's scenarios ran: lines, ways of conditions, and hooks. */
export class ReportCoverage extends FileCoverage {
  readonly details: FileCoverageDetail[];

  constructor(uri: Uri, details: FileCoverageDetail[]) {
    const { statementCoverage, branchCoverage, declarationCoverage } = FileCoverage.fromDetails(uri, details);
    super(uri, statementCoverage, branchCoverage, declarationCoverage);
    this.details = details;
  }
}

/** The coverage of one policy as VS Code has it. */
export const coverageOf = (uri: Uri, { lines, hooks }: Covered): ReportCoverage =>
  new ReportCoverage(uri, [
    ...lines.map((one) => new StatementCoverage(one.hits, at(one.line), branchesOf(one))),
    ...hooks.map(({ hook, line, fired }) => new DeclarationCoverage(hook, fired, at(line))),
  ]);

/** VS Code puts one without a place at the end of the line, where its count does not hide the line's own. */
const branchesOf = ({ ways }: CoveredLine): BranchCoverage[] =>
  ways.map(({ name, taken, at: place }) => {
    const range = place && new Range(place.line - 1, place.column, place.line - 1, END_OF_LINE);
    return new BranchCoverage(taken, range, name);
  });

const END_OF_LINE = 2 ** 31 - 1;

const at = (line: number): Position => new Position(line - 1, 0);
