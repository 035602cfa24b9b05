import type { CallRow, ConstantRow, FieldRow, HookRow } from './catalogue.ts';
import type { ImportedKernel } from './imported.ts';
import { presence, type Presence, type Profile } from './profiles.ts';

/*
 * Does a kernel have a row of the catalogue? Of an imported kernel its own BTF decides; where that cannot tell (a
 * module that was not imported, a macro), the catalogue's versions do.
 */

/** Kernels built with tools that leave out the tags of kfuncs list none. Counting keys is slow, so it is done once. */
function listsKfuncs(imported: ImportedKernel): boolean {
  const known = listing.get(imported) ?? Object.keys(imported.kfuncs).length > 0;
  listing.set(imported, known);
  return known;
}
const listing = new WeakMap<ImportedKernel, boolean>();

const known = (there: boolean): Presence => (there ? 'yes' : 'no');

const structOf = ({ form }: HookRow): string => (form === 'cid' ? 'sched_ext_ops_cid' : 'sched_ext_ops');

/** Has the kernel the hook? */
export function hookPresence(row: HookRow, profile: Profile): Presence {
  const { imported } = profile;
  if (imported === undefined) return presence(row, profile);
  switch (row.family) {
    case 'tracepoint':
      if (Object.hasOwn(imported.tracepoints, row.name)) return 'yes';
      return row.module === undefined || imported.modules.includes(row.module)
        ? 'no'
        : presence(row, profile);
    case 'op':
      return known(Object.hasOwn(imported.ops[structOf(row)] ?? {}, row.name));
    case 'pvsched':
      return known(Object.hasOwn(imported.ops, 'pvsched_vcpu_ops'));
  }
}

/** Has the kernel the call, under exactly this name? */
export function callPresence(row: CallRow, profile: Profile): Presence {
  const { imported } = profile;
  if (imported === undefined) return presence(row, profile);
  switch (row.class) {
    case 'kfunc':
      return listsKfuncs(imported) ? known(Object.hasOwn(imported.kfuncs, row.name)) : presence(row, profile);
    case 'helper':
      return imported.helpers.length === 0
        ? presence(row, profile)
        : known(imported.helpers.includes(row.name));
    case 'internal':
      return presence(row, profile);
  }
}

/** Has the kernel the field of the struct? */
export function fieldPresence(struct: string, row: FieldRow, profile: Profile): Presence {
  const fields = profile.imported?.structs[struct];
  if (fields === undefined) return presence(row, profile);
  return known(Object.hasOwn(fields, row.name));
}

/** Has the kernel the constant? */
export function constantPresence(row: ConstantRow, profile: Profile): Presence {
  const { imported } = profile;
  if (imported === undefined || row.enum === undefined) return presence(row, profile);
  return known(Object.hasOwn(imported.enums[row.enum] ?? {}, row.name));
}

/** Does an imported kernel have a call that the catalogue knows nothing about? */
export const isForeignCall = (name: string, { imported }: Profile): boolean =>
  imported !== undefined && Object.hasOwn(imported.kfuncs, name);
