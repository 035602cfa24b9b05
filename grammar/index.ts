export type * from './ast.ts';
export { format } from './format.ts';
export { parse } from './parser.ts';
export type { ParseResult } from './parser.ts';
export type { Token } from './parser-layout.ts';
export { LineIndex } from './text.ts';
export type { Position } from './text.ts';
export { walk } from './walk.ts';
