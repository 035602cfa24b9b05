import { expect, it } from 'vitest';
import { parse } from '../../grammar/parser.ts';

// In a file of its own: nothing may have been read before by the parser of this process.
it('reads an operator in the first expression that it ever sees', () => {
  expect(parse('policy a for tracing\non init {\n    if a > 1 { return }\n}\n').diagnostics).toEqual([]);
});
