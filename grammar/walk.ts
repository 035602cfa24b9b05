import type { Node } from './ast.ts';

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'kind' in value && 'span' in value;

/** Calls `visit` for a node and everything below it, parents first. Plain objects on the way are looked through. */
export function walk(node: object, visit: (node: Node) => void): void {
  if (isNode(node)) visit(node);
  for (const key in node) {
    const value = (node as Record<string, unknown>)[key];
    if (typeof value === 'object' && value !== null && key !== 'span') walk(value, visit);
  }
}
