import type {
  Arg,
  Block,
  Decl,
  EnumMember,
  Expr,
  Field,
  Header,
  HookRef,
  Ident,
  MatchArm,
  PolicyFile,
  ScenarioItem,
  Stmt,
  TypeRef,
  VmSelector,
  WildcardPattern,
} from './ast.ts';

/** A node of any kind. */
export type AnyNode =
  | Arg
  | Block
  | Decl
  | EnumMember
  | Expr
  | Field
  | Header
  | HookRef
  | Ident
  | MatchArm
  | PolicyFile
  | ScenarioItem
  | Stmt
  | TypeRef
  | VmSelector
  | WildcardPattern;

/** Calls `visit` for `node` and everything below it, parents first. */
export function walk(node: AnyNode, visit: (node: AnyNode) => void): void {
  visit(node);
  for (const child of children(node)) walk(child, visit);
}

/** The nodes around `offset`, outermost first; a node also holds the offset right behind its end. */
export function pathTo(root: AnyNode, offset: number): readonly AnyNode[] {
  const path: AnyNode[] = [];
  let node: AnyNode | undefined = root;
  while (node) {
    path.push(node);
    node = children(node).find(({ span }) => span.start <= offset && offset <= span.end);
  }
  return path;
}

/** The tree is plain data: a child is a property, or an item of one, that has a kind and a span. */
function children(node: AnyNode): readonly AnyNode[] {
  const found: AnyNode[] = [];
  collectFrom(node, found);
  return found;
}

/** Walks are under every keystroke: spans and words, which are most of a tree, are passed by at once. */
function collectFrom(holder: object, found: AnyNode[]): void {
  for (const key in holder) {
    const value: unknown = (holder as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== 'object' || value === null || key === 'span') continue;
    if (Array.isArray(value)) for (const item of value) collect(item, found);
    else collect(value, found);
  }
}

function collect(value: unknown, found: AnyNode[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) found.push(value);
  // `range` of a param and `when` of an assumption group nodes without being one.
  else collectFrom(value, found);
}

const isNode = (value: object): value is AnyNode => 'kind' in value && 'span' in value;
