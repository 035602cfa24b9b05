import type { PolicyFile } from '../../grammar/ast.ts';
import { parseInParts } from '../../grammar/parse-in-parts.ts';
import type { Tree } from '../../grammar/parser.ts';
import { reparse } from '../../grammar/reparse.ts';
import { LineIndex } from '../../grammar/text.ts';
import { fixed } from './diagnostics/anchored.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { OutputFile } from './emit/c/index.ts';
import { checkCInParts } from './emit/c/check.ts';
import { lower, lowerInParts, type LoweredBodies } from './ir/lower.ts';
import type { Program } from './ir/ir.ts';
import { selectKernels, type SelectedKernels } from './kernel/profiles.ts';
import { kernelView } from './kernel/view.ts';
import { analyseInParts } from './safety/analyse.ts';
import { saidOnce } from './safety/refused-calls.ts';
import { checkInParts } from './semantics/check.ts';
import type { KernelView } from './semantics/kernel-view.ts';
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

/**
 * A snapshot of `text` under `settings`. `before` is one of an older text of the same document: what the edits in between
 * left as it was is taken over from it, so that a keystroke costs what it changes. Every answer is the same without.
 *
 * Nodes of a tree move when a newer snapshot takes them over: do not hold them while others may make one.
 */
export function snapshot(text: string, settings: Settings, before?: Snapshot): Snapshot {
  let older = before && takers.get(before)?.();
  const lines = lazy(() => new LineIndex(text));
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
    const problems = yield* checkCInParts(measured);
    return withSeverity(fixed(problems.map((one) => atName(one, tree().file))), settings.severity);
  });
  const diagnostics = lazy(() => [...ofModel(), ...ofProgram()].toSorted(byPlace));
  const program = lazy(() => (hasErrors(diagnostics()) ? undefined : lower(model())));
  const way = {
    tree: [tree],
    model: [tree, model],
    diagnostics: [tree, model, unsafe, ofProgram, diagnostics],
  } as const satisfies Record<Stage, readonly Lazy<unknown>[]>;
  const made: Snapshot = {
    text,
    settings,
    get lines() {
      return lines();
    },
    get file() {
      return tree().file;
    },
    get syntaxErrors() {
      return syntax();
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
    advance(to, goOn) {
      do {
        const next = way[to].find((stage) => stage.known === undefined);
        if (next === undefined) return true;
        next.advance();
      } while (goOn());
      return way[to].every((stage) => stage.known !== undefined);
    },
  };
  takers.set(made, () => {
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
    for (const stage of [
      tree,
      syntax,
      kernels,
      view,
      model,
      unsafe,
      ofModel,
      ofProgram,
      diagnostics,
      program,
    ])
      stage.forget();
    older = undefined;
    return unused;
  });
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

interface Lazy<T> {
  (): T;
  /** undefined before it was asked for. */
  readonly known: T | undefined;
  /** Computes a part of it. */
  advance(): void;
  forget(): void;
}

/** A value that is computed once, when it is first asked for, or part by part before. */
function inParts<T>(compute: () => Iterator<undefined, T, undefined>): Lazy<T> {
  let known: { readonly value: T } | undefined;
  let work: ReturnType<typeof compute> | undefined;
  /** Does a part; gives the value after the last. */
  const advance = (): typeof known => {
    const current = work ?? compute();
    // What throws begins anew when it is asked for again.
    work = undefined;
    const { done, value } = current.next();
    if (done === true) return (known = { value });
    work = current;
    return undefined;
  };
  const get = (): T => {
    let found = known;
    while (found === undefined) found = advance();
    return found.value;
  };
  const forget = (): void => {
    known = undefined;
    work = undefined;
  };
  return Object.defineProperty(Object.assign(get, { advance, forget }), 'known', {
    get: () => known?.value,
  }) as unknown as Lazy<T>;
}

/** The same of a value that has no parts. */
const lazy = <T>(compute: () => T): Lazy<T> =>
  inParts(() => ({ next: () => ({ done: true, value: compute() }) }));
