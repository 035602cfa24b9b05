import { parse } from '../../grammar/parser.ts';
import type { Diagnostic } from '../../server/src/diagnostics/diagnostic.ts';
import { selectKernels } from '../../server/src/kernel/profiles.ts';
import { kernelView } from '../../server/src/kernel/view.ts';
import { check } from '../../server/src/semantics/check.ts';
import type { Model } from '../../server/src/semantics/model.ts';

/** The model of a text, against the kernels that its header asks for. */
export function checked(text: string): Model & { readonly syntaxErrors: readonly Diagnostic[] } {
  const { file, diagnostics } = parse(text);
  return { ...check(file, kernelView(selectKernels(file))), syntaxErrors: diagnostics };
}
