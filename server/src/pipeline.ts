import type { PolicyFile } from '../../grammar/ast.ts';
import { parse } from '../../grammar/parser.ts';
import { LineIndex } from '../../grammar/text.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { OutputFile } from './emit/c/index.ts';
import { checkC } from './emit/c/check.ts';
import { lower } from './ir/lower.ts';
import type { Program } from './ir/ir.ts';
import { selectKernels, type SelectedKernels } from './kernel/profiles.ts';
import { kernelView } from './kernel/view.ts';
import { analyse } from './safety/analyse.ts';
import { check } from './semantics/check.ts';
import type { Model } from './semantics/model.ts';
import { withSeverity, type Settings } from './workspace/settings.ts';

/**
 * Everything that is known of one version of one policy. Each stage runs when it is first asked for and is kept; a
 * snapshot never changes, so a newer text is a new snapshot.
 */
export interface Snapshot {
  readonly text: string;
  readonly lines: LineIndex;
  readonly settings: Settings;
  readonly file: PolicyFile;
  /** Of the text alone (PV1xxx): there before the rest. */
  readonly syntaxErrors: readonly Diagnostic[];
  /** The kernels that the policy is held against. */
  readonly kernels: SelectedKernels;
  readonly model: Model;
  /** Of every stage, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where the policy has errors. */
  readonly program: Program | undefined;
}

/** A snapshot of `text` under `settings`. */
export function snapshot(text: string, settings: Settings): Snapshot {
  const lines = lazy(() => new LineIndex(text));
  const tree = lazy(() => parse(text));
  const kernels = lazy(() => kernelsOf(tree().file, settings));
  const model = lazy(() => check(tree().file, kernelView(kernels())));
  const unsafe = lazy(() => analyse(model(), kernels(), settings.allowlist));
  const ofModel = lazy(() =>
    withSeverity([...tree().diagnostics, ...model().diagnostics, ...unsafe()], settings.severity),
  );
  // Only a policy without errors can be lowered, and only what is lowered can be measured against the limits of BPF.
  const lowered = lazy(() => (hasErrors(ofModel()) ? undefined : lower(model())));
  const ofProgram = lazy(() => {
    const found = lowered();
    const problems = found ? checkC(found).map((diagnostic) => atName(diagnostic, tree().file)) : [];
    return withSeverity(problems, settings.severity);
  });
  const diagnostics = lazy(() => [...ofModel(), ...ofProgram()].toSorted(byPlace));
  const program = lazy(() => (hasErrors(diagnostics()) ? undefined : lowered()));
  return {
    text,
    settings,
    get lines() {
      return lines();
    },
    get file() {
      return tree().file;
    },
    get syntaxErrors() {
      return tree().diagnostics;
    },
    get kernels() {
      return kernels();
    },
    get model() {
      return model();
    },
    get diagnostics() {
      return diagnostics();
    },
    get program() {
      return program();
    },
  };
}

/**
 * The files that a policy compiles to; undefined where it has errors. `sourceName` is how `#line` names the policy. The
 * emitters are loaded by the first call: they are a fifth of the code, and typing needs none of it.
 */
export async function filesOf(
  { program, text, model }: Snapshot,
  sourceName: string,
): Promise<readonly OutputFile[] | undefined> {
  if (!program) return undefined;
  const { emitC } = await import('./emit/c/index.ts');
  return emitC(program, { sourceName, source: text, kernel: model.kernel });
}

function kernelsOf(file: PolicyFile, { profile, outOfTree }: Settings): SelectedKernels {
  const selected = selectKernels(file, profile);
  return outOfTree === undefined ? selected : { ...selected, outOfTree };
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === 'error');

/** What is wrong with the policy as a whole stands at its name. */
function atName(diagnostic: Diagnostic, { header }: PolicyFile): Diagnostic {
  const { start, end } = diagnostic.span;
  return header && start === 0 && end === 0 ? { ...diagnostic, span: header.name.span } : diagnostic;
}

const byPlace = (a: Diagnostic, b: Diagnostic): number =>
  a.span.start - b.span.start || a.span.end - b.span.end;

/** A value that is computed once, when it is first asked for. */
function lazy<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}
