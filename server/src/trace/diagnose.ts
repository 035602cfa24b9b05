import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/table.ts';
import type { Trace, TraceError } from './columns.ts';
import { GOES_BACK } from './read-text.ts';
import type { SelectedVm } from './select.ts';
import { silencesIn } from './silence.ts';
import type { Vm } from './vms.ts';

/** Why the trace `path`, which is named at `span`, cannot be used. */
export function unreadableTrace(path: string, error: TraceError, span: Span): Diagnostic {
  return diagnostic('PV7001', span, { path, reason: error.message, line: error.line, offset: error.offset });
}

/** What is missing in the trace `path`, which is named at `span`: one warning for all of it, or none. */
export function incompleteTrace(path: string, trace: Trace, span: Span): readonly Diagnostic[] {
  const [silence] = silencesIn(trace);
  const back = trace.notes.find(({ message }) => message === GOES_BACK)?.count ?? 0;
  const missing = [
    silence
      ? `after ${(silence.from / 1e9).toFixed(6)} s it has no event for ${(silence.ns / 1e9).toFixed(0)} s, as of another clock or recording, and only its part with the most events is used`
      : '',
    back > 0 ? `its time goes back ${back === 1 ? 'once' : `${back} times`}` : '',
    trace.lost > 0 ? `the recorder lost ${trace.lost} events` : '',
    trace.skipped > 0 ? `${trace.skipped} ${trace.skipped === 1 ? 'line' : 'lines'} could not be read` : '',
    trace.partialUntil > 0 ? `some CPUs begin ${(trace.partialUntil / 1e6).toFixed(1)} ms late` : '',
  ].filter((what) => what !== '');
  if (missing.length === 0) return [];
  return [diagnostic('PV7002', span, { path, what: missing.join(', ') })];
}

/** Tells, at `span`, where the vCPUs of a VM were put together by guess. */
export function inferredVms(vms: readonly Vm[], span: Span): readonly Diagnostic[] {
  // A VM with one vCPU leaves nothing to guess.
  const guessed = vms.filter((vm) => vm.inferred && vm.vcpus.length > 1);
  if (guessed.length === 0) return [];
  return [diagnostic('PV7003', span, { vms: guessed.map((vm) => vm.name).join(', ') })];
}

/** Warns, at `span`, where the pattern of a VM means threads that an earlier one has. */
export function sharedThreads(selected: SelectedVm, span: Span): readonly Diagnostic[] {
  const owners = selected.problems.flatMap((problem) => (problem.kind === 'taken' ? [problem.owner] : []));
  return [...new Set(owners)].map((owner) => diagnostic('PV7004', span, { vm: selected.name, owner }));
}
