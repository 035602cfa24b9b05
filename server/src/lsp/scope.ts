import type { Ident } from '../../../grammar/ast.ts';
import type { AnyNode } from '../../../grammar/walk.ts';

/** Names of the local variables that code at `offset` can use, innermost last; `path` are the nodes around it. */
export function localsAt(path: readonly AnyNode[], offset: number): readonly Ident[] {
  return path.flatMap((node, depth) => {
    const inside = path[depth + 1];
    switch (node.kind) {
      case 'hook':
        return node.params;
      case 'fn':
      case 'invariant':
        return node.params.map((param) => param.name);
      case 'for':
        return inside === node.body ? [node.name] : [];
      case 'if-let':
        return inside === node.then ? [node.name] : [];
      case 'block':
        return node.stmts
          .filter((stmt) => stmt.span.end < offset)
          .flatMap((stmt) => (stmt.kind === 'let' ? stmt.names : []));
      default:
        return [];
    }
  });
}

/** Does `path` lead into a `guest { }`? */
export const isGuest = (path: readonly AnyNode[]): boolean => path.some((node) => node.kind === 'guest');
