import type { PolicyFile } from '../../grammar/ast.ts';
import { parseInParts } from '../../grammar/parse-in-parts.ts';
import type { Tree } from '../../grammar/parser.ts';
import { reparse } from '../../grammar/reparse.ts';
import { LineIndex } from '../../grammar/text.ts';
import { fixed } from './diagnostics/anchored.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { OutputFile } from './emit/c/index.ts';
import { checkCInParts } from './emit/c/check.ts';
import { forKernels } from './emit/c/old-kernels.ts';
import { lower, lowerInParts, type LoweredBodies } from './ir/lower.ts';
import type { Program } from './ir/ir.ts';
import { selectKernels, type SelectedKernels } from './kernel/profiles.ts';
import { kernelView } from './kernel/view.ts';
import { analyseInParts } from './safety/analyse.ts';
import { saidOnce } from './safety/refused-calls.ts';
import { checkInParts } from './semantics/check.ts';
import type { KernelView } from './semantics/kernel-view.ts';
import type { Model } from './semantics/model.ts';
import { inParts, lazy, type Lazy } from './lazy.ts';
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
  /**
   * Works towards the stage, one small part after the other for as long as `goOn` says so, at least one; true: what the
   * stage finds is there.
   */
  readonly advance: (to: Stage, goOn: () => boolean) => boolean;
}

/** How far a snapshot has got: the tree with its syntax errors, the model, the diagnostics of all stages. */
export type Stage = 'tree' | 'model' | 'diagnostics';

/** What the stages of a snapshot found, as far as they ran. */
interface Found {
  readonly text: string;
  readonly tree: Tree;
  readonly settings: Settings;
  readonly kernels: SelectedKernels | undefined;
  readonly view: KernelView | undefined;
  readonly model: Model | undefined;
}

/** Takes what a snapshot found out of it; it finds it again if it is asked for after all. */
const takers = new WeakMap<Snapshot, () => Found | undefined>();

/** The stages of one snapshot, each of which asks for those that it needs. */
type Stages = ReturnType<typeof stagesOf>;

function stagesOf(text: string, settings: Settings, before: Found | undefined) {
  let older = before;
  const tree = inParts(function* () {
    const again = older && (older.text === text ? older.tree : reparse(older.tree, older.text, text));
    if (again === undefined) older = undefined;
    return again ?? (yield* parseInParts(text));
  });
  // Whoever holds diagnostics holds those of this text; the tree may move on.
  const syntax = lazy(() => fixed(tree().diagnostics));
  const sameKernels = (): Found | undefined => {
    const { file } = tree();
    return older?.settings === settings && older.tree.file.header === file.header ? older : undefined;
  };
  const kernels = lazy(() => sameKernels()?.kernels ?? kernelsOf(tree().file, settings));
  const view = lazy(() => sameKernels()?.view ?? kernelView(kernels()));
  const model = inParts(function* () {
    // While the older snapshot is at hand: the same object, by which the safety analysis knows what still holds.
    kernels();
    const made = yield* checkInParts(tree().file, view(), older?.model);
    older = undefined;
    return made;
  });
  const unsafe = inParts(() => analyseInParts(model(), kernels(), settings.allowlist));
  const ofModel = lazy(() =>
    saidOnce(withSeverity([...syntax(), ...fixed([...model().diagnostics, ...unsafe()])], settings.severity)),
  );
  // Only a policy without errors can be lowered, and only what is lowered can be measured against the limits of BPF.
  const ofProgram = inParts(function* () {
    if (hasErrors(ofModel())) return [];
    const measured = yield* lowerInParts(model(), bodiesOf(model()));
    const problems = yield* checkCInParts(forKernels(measured, kernels()));
    return withSeverity(fixed(problems.map((one) => atName(one, tree().file))), settings.severity);
  });
  const diagnostics = lazy(() => [...ofModel(), ...ofProgram()].toSorted(byPlace));
  const program = lazy(() => (hasErrors(diagnostics()) ? undefined : forKernels(lower(model()), kernels())));
  const stages = {
    tree, syntax, kernels, view, model, unsafe, ofModel, ofProgram, diagnostics, program,
  }; // prettier-ignore
  /** What was found is taken out. */
  const take = (): Found | undefined => {
    const known = tree.known;
    const found = known && {
      text,
      tree: known,
      settings,
      kernels: kernels.known ?? sameKernels()?.kernels,
      view: view.known ?? sameKernels()?.view,
      model: model.known ?? older?.model,
    };
    const unused = found ?? older;
    for (const stage of Object.values(stages)) stage.forget();
    older = undefined;
    return unused;
  };
  return { ...stages, take };
}

/** The stages that lead to one, in their order. */
function wayTo(to: Stage, { tree, model, unsafe, ofProgram, diagnostics }: Stages): readonly Lazy<unknown>[] {
  switch (to) {
    case 'tree':
      return [tree];
    case 'model':
      return [tree, model];
    case 'diagnostics':
      return [tree, model, unsafe, ofProgram, diagnostics];
  }
}

/**
 * A snapshot of `text` under `settings`. `before` is one of an older text of the same document: what the edits in between
 * left as it was is taken over from it, so that a keystroke costs what it changes. Every answer is the same without.
 *
 * Nodes of a tree move when a newer snapshot takes them over: do not hold them while others may make one.
 */
export function snapshot(text: string, settings: Settings, before?: Snapshot): Snapshot {
  const stages = stagesOf(text, settings, before && takers.get(before)?.());
  const lines = lazy(() => new LineIndex(text));
  const made: Snapshot = {
    text,
    settings,
    get lines() {
      return lines();
    },
    get file() {
      return stages.tree().file;
    },
    get syntaxErrors() {
      return stages.syntax();
    },
    get kernels() {
      return stages.kernels();
    },
    get model() {
      return stages.model();
    },
    get diagnostics() {
      return stages.diagnostics();
    },
    get program() {
      return stages.program();
    },
    advance(to, goOn) {
      const way = wayTo(to, stages);
      do {
        const next = way.find((stage) => stage.known === undefined);
        if (next === undefined) return true;
        next.advance();
      } while (goOn());
      return way.every((stage) => stage.known !== undefined);
    },
  };
  takers.set(made, stages.take);
  return made;
}

/**
 * The files that a policy compiles to; undefined where it has errors. `sourceName` is how `#line` names the policy. The
 * emitters are loaded by the first call: they are a fifth of the code, and typing needs none of it.
 */
export async function filesOf(of: Snapshot, sourceName: string): Promise<readonly OutputFile[] | undefined> {
  const { emitC } = await import('./emit/c/index.ts');
  // Only now: while the emitters were loaded, a newer snapshot may have come.
  const { program, text, model, kernels } = of;
  const { delivers = {} } = kernels.outOfTree ?? {};
  return program && emitC(program, { sourceName, source: text, kernel: model.kernel, delivers });
}

/** Bodies that were lowered to be measured. A program that is to be run is lowered as a whole. */
const lowered = new WeakMap<object, LoweredBodies>();

function bodiesOf({ family }: Model): LoweredBodies {
  const known = lowered.get(family) ?? new WeakMap();
  lowered.set(family, known);
  return known;
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

/** Where two stand at one place, their order must not depend on who found them first. */
const byPlace = (a: Diagnostic, b: Diagnostic): number =>
  a.span.start - b.span.start ||
  a.span.end - b.span.end ||
  compare(a.code, b.code) ||
  compare(a.message, b.message);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
