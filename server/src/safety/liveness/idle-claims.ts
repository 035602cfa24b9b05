import type { Block, CallExpr, Expr, Ident, Stmt } from '../../../../grammar/ast.ts';
import type { Diagnostic, Fix } from '../../diagnostics/diagnostic.ts';
import { diagnostic } from '../../diagnostics/table.ts';
import { textOf } from '../../semantics/fixes.ts';
import type { Model } from '../../semantics/model.ts';
import { eachChild, type Part } from '../children.ts';
import { atBegin, kickIdle } from '../rewrites.ts';

/** Calls that take an idle CPU out of the kernel's record, so that nobody else will find it, and give it. */
const PICKS: ReadonlySet<string> = new Set([
  ...[
    'scx_bpf_pick_idle_cpu',
    'scx_bpf_pick_idle_cpu_node',
    'scx_bpf_pick_any_cpu',
    'scx_bpf_pick_any_cpu_node',
  ],
  ...['scx_bpf_select_cpu_dfl', 'scx_bpf_select_cpu_and'],
]);

/** The same for a CPU that is known before. */
const TAKES_ARGUMENT = 'scx_bpf_test_and_clear_cpu_idle';

/** An idle CPU that was claimed: by which call, under which name, and where that name is the only one for it. */
interface Claim {
  readonly call: CallExpr;
  readonly name: Ident | undefined;
  /** Of `if let`: where the CPU is known to be one. */
  readonly within: Block | undefined;
  readonly stmt: Stmt;
}

/** Idle CPUs that are claimed and then left alone, at all or on some path. */
export function checkIdleClaims(model: Model): readonly Diagnostic[] {
  const bodies = [...model.handlers.map(({ decl }) => decl.body), ...model.functions.map(({ body }) => body)];
  return bodies.flatMap((body) => new Claims(model, body).check());
}

class Claims {
  private readonly model: Model;
  private readonly claims: Claim[] = [];
  /** Locals that are used for more than a question. */
  private readonly used = new Set<Ident>();

  constructor(model: Model, body: Block) {
    this.model = model;
    this.visit(body);
  }

  check(): readonly Diagnostic[] {
    return this.claims.flatMap((claim) => {
      const never = claim.name === undefined || !this.used.has(claim.name);
      const leaks = never || (claim.within !== undefined && this.follow(claim.within, claim.name) !== 'used');
      return leaks
        ? [diagnostic('PV5019', claim.call.span, { never }, { fixes: never ? fixOf(claim) : [] })]
        : [];
    });
  }

  private visit(node: Part): void {
    const claim = this.claimIn(node);
    if (claim !== undefined) this.claims.push(claim);
    const local = this.localOf(node);
    if (local !== undefined) this.used.add(local);
    // A question about the CPU does not use it, nor does giving it another name.
    this.eachUse(node, (child) => {
      if (claim !== undefined && isName(child)) return;
      this.visit(child);
    });
  }

  /** The parts of a node that do more than ask. */
  private eachUse(node: Part, visit: (child: Part) => void): void {
    if (node.kind === 'binary' && COMPARISONS.has(node.op)) return;
    if (node.kind === 'log') return;
    if (node.kind === 'call' && this.isQuestion(node)) return;
    eachChild(node, visit);
  }

  private isQuestion(call: CallExpr): boolean {
    const callee = this.model.calls.get(call)?.callee;
    if (callee?.kind === 'builtin') return ['can_run_on', 'has'].includes(callee.builtin.name);
    return callee?.kind === 'kernel' && callee.call.name === TAKES_ARGUMENT;
  }

  /** A claim whose result is dropped, asked about, or kept in a local; or one more name for what a local keeps. */
  private claimIn(node: Part): Claim | undefined {
    switch (node.kind) {
      case 'expr-stmt':
        return this.claimOf(node.expr, undefined, undefined, node);
      case 'let':
        // A pair under one name is reported, and nobody knows what it was to be used for.
        if (this.model.types.get(node.value)?.kind === 'tuple' && node.names.length < 2) return undefined;
        return this.claimOf(node.value, node.names[0], undefined, node);
      case 'if-let':
        return this.claimOf(node.value, node.name, node.then, node) ?? this.renamed(node);
      case 'if':
        return this.claimOf(node.condition, undefined, node.then, node);
      default:
        return undefined;
    }
  }

  private claimOf(
    value: Expr,
    name: Ident | undefined,
    within: Block | undefined,
    stmt: Stmt,
  ): Claim | undefined {
    if (value.kind !== 'call') return undefined;
    const resolved = this.model.calls.get(value);
    if (resolved?.callee.kind !== 'kernel') return undefined;
    if (PICKS.has(resolved.callee.call.name))
      return stmt.kind === 'if' ? undefined : { call: value, name, within, stmt };
    const [cpu] = resolved.args;
    const known = cpu && this.localOf(cpu);
    // The CPU may be used further down as well.
    return resolved.callee.call.name === TAKES_ARGUMENT && known !== undefined
      ? { call: value, name: known, within: undefined, stmt }
      : undefined;
  }

  private renamed(stmt: Stmt & { readonly kind: 'if-let' }): Claim | undefined {
    const from = this.localOf(stmt.value);
    const first = from && this.claims.find(({ name }) => name === from);
    if (from === undefined || first === undefined) return undefined;
    this.claims.splice(this.claims.indexOf(first), 1);
    return { ...first, name: stmt.name, within: this.used.has(from) ? undefined : stmt.then };
  }

  private localOf(node: Part): Ident | undefined {
    const symbol = node.kind === 'name' ? this.model.names.get(node.name) : undefined;
    return symbol?.kind === 'local' ? symbol.decl : undefined;
  }

  /** 'used' on every path, 'open' where a path comes to the end without, 'left' where one leaves the body before. */
  private follow(part: Block | Stmt, name: Ident | undefined): 'used' | 'open' | 'left' {
    if (part.kind === 'block') {
      for (const stmt of part.stmts) {
        const found = this.follow(stmt, name);
        if (found !== 'open') return found;
      }
      return 'open';
    }
    if (part.kind === 'if' || part.kind === 'if-let') {
      if (this.mentions(part.kind === 'if' ? part.condition : part.value, name)) return 'used';
      const ways = [
        this.follow(part.then, name),
        part.otherwise === undefined ? ('open' as const) : this.follow(part.otherwise, name),
      ];
      return ways.includes('left') ? 'left' : ways.includes('open') ? 'open' : 'used';
    }
    if (this.mentions(part, name)) return 'used';
    return part.kind === 'return' || part.kind === 'break' || part.kind === 'continue' ? 'left' : 'open';
  }

  private mentions(node: Part, name: Ident | undefined): boolean {
    if (name !== undefined && this.localOf(node) === name) return true;
    let found = false;
    this.eachUse(node, (child) => (found ||= this.mentions(child, name)));
    return found;
  }
}

const isName = (node: Part): boolean => node.kind === 'name';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Kicks the CPU, which makes it look for tasks. */
function fixOf({ call, name, within, stmt }: Claim): readonly Fix[] {
  const text = textOf(call);
  if (within !== undefined && stmt.kind === 'if-let')
    return [{ title: `Kick ${stmt.name.text}`, edits: [atBegin(within, `kick(${stmt.name.text})`)] }];
  if (stmt.kind === 'let' && name !== undefined && stmt.names.length === 1)
    return [kickIdle(stmt, undefined, name.text)];
  return stmt.kind === 'expr-stmt' && text !== undefined && name === undefined
    ? [kickIdle(stmt, text, 'idle')]
    : [];
}
