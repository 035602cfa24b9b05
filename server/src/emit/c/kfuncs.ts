import { callRow } from '../../kernel/catalogue.ts';
import { compareVersions } from '../../kernel/profiles.ts';
import { renamedCall } from '../../kernel/renames.ts';
import type { CallInfo } from '../../semantics/kernel-view.ts';
import { COMPAT, COMPAT_FIELDS, MODERN } from './kfuncs-compat.ts';
import { isOld, OPTIONAL } from './old-kernels.ts';
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
  if (stored !== undefined && wrapperOf(unit, name) === COMPAT[name]) unit.structs.use(...stored);
  return name;
}

/** Does the kernel function work on the iterator of the loop around it? */
export const takesIterator = (call: CallInfo): boolean => call.signature.includes('it__iter');

/** Does the code test for the function before it calls it, or the loader for the kernel? Its absence is no error then. */
const isTested = (unit: Unit, name: string): boolean =>
  (name === 'scx_bpf_now' && !isFrom(unit, '6.14')) || (isOld(unit) && OPTIONAL.has(name));

/** Externs of the kernel functions in use, and the wrappers that hide their older names. */
export function kfuncDeclarations(unit: Unit): string[] {
  const names = [...unit.kfuncs].toSorted();
  const externs: string[] = [];
  const wrappers: string[] = [];
  for (const name of names) {
    const compat = wrapperOf(unit, name);
    if (compat === undefined) {
      externs.push(extern(unit, name));
      continue;
    }
    mentionStructs(unit, compat);
    wrappers.push('', ...compat.split('\n'));
  }
  return [...externs, ...wrappers];
}

/** What hides the older forms of a function; those that no kernel has which the policy is for are left out. */
function wrapperOf(unit: Unit, name: string): string | undefined {
  const modern = MODERN[name];
  return modern !== undefined && isFrom(unit, modern.since) ? modern.code : COMPAT[name];
}

/** Does the policy require a kernel that is at least that new? */
export const isFrom = ({ program }: Unit, version: string): boolean =>
  program.requires !== undefined && compareVersions(program.requires, version) >= 0;

function extern(unit: Unit, name: string): string {
  const known = callRow(name)?.signature ?? unit.kernel?.call(name)?.signature;
  if (known === undefined) throw new Error(`no prototype for ${name}`);
  mentionStructs(unit, known);
  const signature = known.replace(/long long unsigned int/g, 'u64').replace(/long int/g, 'long');
  return `extern ${signature} __ksym${isTested(unit, name) ? ' __weak' : ''};`;
}

/** Parameters of a struct that no declaration has named would be of a type of their own. */
function mentionStructs(unit: Unit, text: string): void {
  const defined = new Set([...text.matchAll(/^struct (\w+) \{/gm)].map((match) => match[1]));
  for (const [, struct] of text.matchAll(/struct (\w+) \*/g)) {
    if (struct !== undefined && !defined.has(struct)) unit.structs.mention(struct);
  }
}
