import { readFileSync } from 'node:fs';
import { parse } from '../../grammar/parser.ts';
import { lower } from '../../server/src/ir/lower.ts';
import { selectKernels } from '../../server/src/kernel/profiles.ts';
import { kernelView } from '../../server/src/kernel/view.ts';
import { check } from '../../server/src/semantics/check.ts';
import type { Policy } from '../../server/src/simulate/replay.ts';

/** A policy that must be free of errors of syntax, names and types, lowered. */
export function policy(text: string): Policy {
  const { file, diagnostics } = parse(text);
  const model = check(file, kernelView(selectKernels(file, undefined)));
  const errors = [...diagnostics, ...model.diagnostics].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ code, message }) => `${code} ${message}`).join('\n'));
  return { text, model, program: lower(model) };
}

/** The policy in the file `path`, relative to the root of the project. */
export function policyIn(path: string): Policy {
  return policy(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
}
