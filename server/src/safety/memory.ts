import type { Block, EveryDecl, FnDecl, HookDecl } from '../../../grammar/ast.ts';
import { Anchored } from '../diagnostics/anchored.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { KernelSelection } from '../kernel/profiles.ts';
import type { HandlerModel, Model } from '../semantics/model.ts';
import type { Allowlist } from './allowlist.ts';
import type { Reach } from './reach.ts';
import type { KnownChanges } from './sharing.ts';
import type { Use } from './uses.ts';

type WithBody = FnDecl | HookDecl | EveryDecl;

interface Judged {
  /** Every body that the handler reaches, its own first, as it was. */
  readonly bodies: readonly (readonly [WithBody, Block])[];
  readonly found: Anchored;
}

/** What was found out about the handlers of a family of models, each of which holds while the bodies that it reaches do. */
export class Memory {
  readonly uses = new WeakMap<Block, readonly Use[]>();
  readonly changes: KnownChanges = new WeakMap();
  readonly kernels: KernelSelection;
  readonly allow: Allowlist;
  private readonly judged = new WeakMap<WithBody, Judged>();

  constructor(kernels: KernelSelection, allow: Allowlist) {
    this.kernels = kernels;
    this.allow = allow;
  }

  /** What is known of the handler; else what `judge` says, which is then known. */
  of(
    handler: HandlerModel,
    model: Model,
    reach: Reach,
    judge: () => readonly Diagnostic[],
  ): readonly Diagnostic[] {
    const known = this.judged.get(handler.decl);
    if (known?.bodies.every(([decl, body]) => decl.body === body)) return known.found.now();
    const found = judge();
    const bodies: (readonly [WithBody, Block])[] = [[handler.decl, handler.decl.body]];
    for (const { use } of reach.from(handler)) if (use.kind === 'fn') bodies.push([use.decl, use.decl.body]);
    this.judged.set(handler.decl, { bodies, found: new Anchored(found, model.file.decls) });
    return found;
  }
}

const memories = new WeakMap<object, Memory>();

/** The memory of the model's family under these kernels and rules. */
export function memoryOf({ family }: Model, kernels: KernelSelection, allow: Allowlist): Memory {
  const known = memories.get(family);
  if (known?.kernels === kernels && known.allow === allow) return known;
  const memory = new Memory(kernels, allow);
  memories.set(family, memory);
  return memory;
}
