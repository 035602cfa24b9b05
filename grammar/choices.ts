import type { Choice } from './lookahead.ts';

/** The choices of the grammar, in what is built (.ci/build.mjs); elsewhere the parser has Chevrotain look for them. */
export const CHOICES: readonly Choice[] | undefined = undefined;
