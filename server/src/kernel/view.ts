import type {
  ConstantInfo,
  FieldInfo,
  HookFamily,
  HookInfo,
  HookParam,
  KernelView,
} from '../semantics/kernel-view.ts';
import { BOOL, CPU, S32, U64, VCPU, VOID, optional, type Type } from '../semantics/types.ts';
import { callInfo, callInfoOfRow, callNames } from './calls.ts';
import {
  CONSTANTS,
  HOOKS,
  STRUCTS,
  hookRow,
  type ConstantRow,
  type FieldRow,
  type HookRow,
} from './catalogue.ts';
import { hookPresence } from './existence.ts';
import { importedView } from './imported-view.ts';
import type { KernelSelection, Profile } from './profiles.ts';
import { availability } from './renames.ts';
import { typeOfC, typeOfWord } from './types-of.ts';

/**
 * The kernels of `selection` as the checker sees them. Looking a name up finds whatever any supported kernel has, so
 * that `safety/` can say which of the selected ones lack it; the lists hold what at least one of the selected has.
 */
export function kernelView(selection: KernelSelection): KernelView {
  const [only, second] = selection.profiles;
  const known = catalogueView(selection);
  return only?.imported === undefined || second !== undefined ? known : importedView(known, only.imported);
}

function catalogueView(selection: KernelSelection): KernelView {
  const { profiles, label } = selection;
  const own = new Map(selection.outOfTree?.calls.map((row) => [row.name, callInfoOfRow(row)]));
  const ownHooks = (selection.outOfTree?.hooks ?? []).map(hookInfoOfRow);
  const somewhere = (has: (profile: Profile) => boolean): boolean => profiles.some(has);
  return {
    label,
    hook: (family, name) =>
      ownHooks.find((hook) => hook.family === family && hook.name === name) ?? hookInfo(family, name),
    hooks: (family) => [
      ...ownHooks.filter((hook) => hook.family === family),
      ...HOOKS.filter(
        (row) =>
          row.family === family &&
          row.form === undefined &&
          somewhere((profile) => hookPresence(row, profile) === 'yes'),
      ).map(hookInfoOfRow),
    ],
    call: (name) => own.get(name) ?? cachedCall(name),
    calls: () => [
      ...own.values(),
      ...callNames
        .filter((name) => somewhere((profile) => hasCall(name, profile)))
        .flatMap((name) => cachedCall(name) ?? []),
    ],
    field: (struct, name) => STRUCTS[struct]?.filter((row) => row.name === name).map(fieldInfo)[0],
    fields: (struct) => (STRUCTS[struct] ?? []).map(fieldInfo),
    constant: (name) => constantsByName.get(name),
    constants: () => [...constantsByName.values()],
  };
}

const hasCall = (name: string, profile: Profile): boolean => {
  const { kind } = availability(name, profile);
  return kind === 'row' || kind === 'fallback';
};

const callCache = new Map<string, ReturnType<typeof callInfo>>();

function cachedCall(name: string): ReturnType<typeof callInfo> {
  if (!callCache.has(name)) callCache.set(name, callInfo(name));
  return callCache.get(name);
}

const NO_CONTEXT_DOC = {
  init: 'Runs once before the policy takes effect.',
  exit: 'Runs once when the policy is unloaded.',
  every: 'Runs again and again, in a timer (a soft interrupt), with no scheduler lock held.',
};

/** A hook by family and kernel name; `init`, `exit` and `every` have no name. */
export function hookInfo(family: HookFamily, name: string): HookInfo | undefined {
  switch (family) {
    case 'init':
    case 'exit':
    case 'every':
      return {
        family,
        name: '',
        system: '',
        params: [],
        result: VOID,
        sleepable: family !== 'every',
        doc: NO_CONTEXT_DOC[family],
      };
    case 'tracepoint':
    case 'op':
    case 'pvsched': {
      const row = hookRow(family, name);
      return row && hookInfoOfRow(row);
    }
  }
}

function hookInfoOfRow(row: HookRow): HookInfo {
  return {
    family: row.family,
    name: row.name,
    system: row.system ?? '',
    params: row.params.map((arg) => paramOf(arg, row)),
    result: resultOf(row),
    sleepable: row.sleeps !== undefined,
    doc: row.doc ?? row.note ?? '',
    ...(row.form === 'cid' && { refused: refusal(row) }),
  };
}

const refusal = ({ instead }: HookRow): string =>
  `it belongs to the cid form of sched_ext, to which policies are not compiled${instead === undefined ? '' : `; write 'on op ${instead}'`}`;

function paramOf([name, c, more]: HookRow['params'][number], row: HookRow): HookParam {
  // An address of something that the language has no type for is a number.
  const type = c === 'vcpu' ? VCPU : (typeOfC(c, name, row.name) ?? U64);
  return { name, type: more?.null === 'yes' ? optional(type) : type };
}

function resultOf(row: HookRow): Type {
  switch (row.ret) {
    case 's32 cpu':
      return CPU;
    case 's32':
      return S32;
    case 'bool':
      return BOOL;
    default:
      return VOID;
  }
}

const fieldInfo = (row: FieldRow): FieldInfo => ({
  name: row.name,
  type: typeOfWord(row.type),
  writable: row.writable === true,
  doc: row.doc,
});

const constantInfo = (row: ConstantRow): ConstantInfo => ({
  name: row.name,
  type: typeOfWord(row.type),
  value: row.value === undefined ? undefined : BigInt(row.value),
  enumName: row.enum,
  doc: row.doc,
});

const constantsByName = new Map(CONSTANTS.map((row) => [row.name, constantInfo(row)]));
