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
  Node,
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
  for (const value of Object.values(node)) collect(value, found);
  return found;
}

function collect(value: unknown, found: AnyNode[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isNode(value)) found.push(value);
  else if (typeof value === 'object' && value !== null) {
    // `range` of a param and `when` of an assumption group nodes without being one.
    for (const item of Object.values(value)) collect(item, found);
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'kind' in value && 'span' in value && isSpan(value.span);

const isSpan = (value: unknown): value is Node['span'] =>
  typeof value === 'object' && value !== null && 'start' in value && 'end' in value;
