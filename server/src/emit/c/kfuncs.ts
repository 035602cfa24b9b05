import { callRow } from '../../kernel/catalogue.ts';
import { renamedCall } from '../../kernel/renames.ts';
import type { CallInfo } from '../../semantics/kernel-view.ts';
import { COMPAT, COMPAT_FIELDS } from './kfuncs-compat.ts';
import type { Unit } from './unit.ts';

/** Notes that the code calls the kernel function; gives the name to call it by. */
export function kfuncName(unit: Unit, call: CallInfo): string {
  if (call.class === 'helper') return call.name;
  return kfunc(unit, renamedCall(call.name)?.name ?? call.name);
}

/** The same for one that the generator itself calls, by today's name. */
export function kfunc(unit: Unit, name: string): string {
  unit.kfuncs.add(name);
  const stored = COMPAT_FIELDS[name];
  if (stored !== undefined) unit.structs.use(...stored);
  return name;
}

/** Does the kernel function work on the iterator of the loop around it? */
export const takesIterator = (call: CallInfo): boolean => call.signature.includes('it__iter');

/** Functions that the code tests for before it calls them: their absence is no error. */
const TESTED = new Set(['scx_bpf_now']);

/** Externs of the kernel functions in use, and the wrappers that hide their older names. */
export function kfuncDeclarations(unit: Unit): string[] {
  const names = [...unit.kfuncs].toSorted();
  const externs: string[] = [];
  const wrappers: string[] = [];
  for (const name of names) {
    const compat = COMPAT[name];
    if (compat === undefined || TESTED.has(name)) {
      externs.push(extern(unit, name));
      continue;
    }
    mentionStructs(unit, compat);
    wrappers.push('', ...compat.split('\n'));
  }
  return [...externs, ...wrappers];
}

function extern(unit: Unit, name: string): string {
  const known = callRow(name)?.signature ?? unit.kernel?.call(name)?.signature;
  if (known === undefined) throw new Error(`no prototype for ${name}`);
  mentionStructs(unit, known);
  const signature = known.replace(/long long unsigned int/g, 'u64').replace(/long int/g, 'long');
  return `extern ${signature} __ksym${TESTED.has(name) ? ' __weak' : ''};`;
}

/** Parameters of a struct that no declaration has named would be of a type of their own. */
function mentionStructs(unit: Unit, text: string): void {
  const defined = new Set([...text.matchAll(/^struct (\w+) \{/gm)].map((match) => match[1]));
  for (const [, struct] of text.matchAll(/struct (\w+) \*/g)) {
    if (struct !== undefined && !defined.has(struct)) unit.structs.mention(struct);
  }
}
