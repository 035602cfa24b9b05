import { expectedAfter } from '../../../grammar/expected.ts';
import * as T from '../../../grammar/tokens.ts';
import type { Snapshot } from '../pipeline.ts';
import { NOT_IN_GUEST } from '../semantics/declarations.ts';
import type { Target } from '../semantics/model.ts';
import { kindsAt, typesAt, type TypeSpot } from '../semantics/type-refs.ts';
import { PROFILES } from '../kernel/profiles.ts';
import { keyword, snippet, typeItem, type Item } from './completion-items.ts';

/** What can follow the start of an item, by the grammar. */
export interface Next {
  /** A new name is to be written here, which nobody knows. */
  readonly isName: boolean;
  /** Behind the `:` of a declaration, behind `->`, `as`, or the `of` of a collection. */
  readonly isType: boolean;
  /** Here begins a value. */
  readonly isValue: boolean;
  /** The words of the language that can follow, and the names that have a meaning in their place. */
  readonly items: readonly Item[];
}

/** `opened`: what the '{' of the innermost block belongs to; `said`: what the item has so far. */
export function nextAfter(opened: keyof typeof OPENERS, said: string): Next {
  const expected = expectedAfter(OPENERS[opened] + said.replace(/^(?:else|\{) /u, ''));
  return {
    isName: expected.some(
      ({ type, rule, isName }) =>
        isName || (type === T.Word && rule !== 'operand') || (type === T.Ident && NAMING.has(rule)),
    ),
    isType: expected.some(({ type, rule }) => type === T.Ident && rule === 'baseType'),
    isValue: expected.some(
      ({ type, rule }) => type === T.Literal && (rule === 'primary' || rule === 'operand'),
    ),
    items: expected.flatMap(({ type, rule }) => {
      const own = BY_PLACE.get(`${rule} ${type.name}`) ?? BY_TOKEN.get(type);
      if (own !== undefined) return own();
      return T.isReserved(type) || T.CONTEXTUAL.includes(type) ? [declaration(T.textOf(type))] : [];
    }),
  };
}

const OPENERS = {
  top: '',
  guest: '',
  fields: 'state {',
  enum: 'enum E {',
  invariant: 'invariant i {',
  scenario: 'scenario s {',
  match: 'fn f() {',
  code: 'fn f() {',
} as const;

/** Rules whose plain names are declared by them. A reserved word may be one only of a field, a parameter or an argument. */
const NAMING: ReadonlySet<string> = new Set(['letStmt', 'enumDecl']);

/** What a declaration begins with; `guest`: in the part for the guest. */
export function declarations({ file, model: { target } }: Snapshot, guest: boolean): readonly Item[] {
  return nextAfter('top', '').items.flatMap((item) => {
    const { label } = item;
    if (label === 'policy') return file.header ? [] : [item];
    if (label === 'dsq' && target !== undefined && target !== 'sched_ext') return [];
    if (guest && NOT_IN_GUEST.includes(label)) return [];
    if (label === 'on') return [snippet('on', `on \${1|${hookWords(target, guest).join()}|} $0`, 'a hook')];
    return guest ? [{ ...item, ...(item.insertText && { insertText: ofGuest(item.insertText) }) }] : [item];
  });
}

/** What stands behind `on`, in front of the name of a hook. */
export function hookWords(target: Target | undefined, guest: boolean): readonly string[] {
  if (guest || target === 'tracing') return ['tracepoint'];
  if (target === undefined) return ['tracepoint', 'pvsched', 'op'];
  return ['tracepoint', target === 'pvsched' ? 'pvsched' : 'op'];
}

/** A guest knows no VM and no vCPU. */
const ofGuest = (body: string): string => body.replace(/\|[\w,]*vcpu[\w,]*\|/u, '|task,cpu|');

/** The types that can be written behind `said`, which is in what `head` opens. */
export function typeItems({ file }: Snapshot, head: string | undefined, said: string): readonly Item[] {
  const spot = typeSpot(head, said);
  const enums = kindsAt(spot).includes('enum')
    ? file.decls.flatMap((decl) => (decl.kind === 'enum' && decl.name.text !== '' ? [decl.name.text] : []))
    : [];
  return [
    ...typesAt(spot).map(typeItem),
    ...enums.map((name) => ({ ...keyword(name, 'enum of this policy'), sortText: `1${name}` })),
    ...(spot === 'state' ? COLLECTIONS : []),
  ];
}

function typeSpot(head: string | undefined, said: string): TypeSpot {
  const [, collection] = /\b(ewma|list|ring)\b[^:]* of$/u.exec(said) ?? [];
  if (collection === 'ewma' || collection === 'list' || collection === 'ring') return collection;
  if (said.endsWith(' as')) return 'cast';
  if (head?.startsWith('state')) return 'state';
  if (head?.startsWith('shared')) return 'shared';
  switch (said.split(' ', 1)[0]) {
    case 'param':
    case 'tunable':
      return 'param';
    case 'const':
      return 'const';
    case 'histogram':
      return 'histogram';
    case 'invariant':
      return 'invariant';
    case 'table':
      return said.endsWith('->') ? 'table-value' : 'table-key';
    case 'fn':
      return 'fn';
    default:
      return 'local';
  }
}

const COLLECTIONS: readonly Item[] = [
  snippet('list of', 'list of ${1:cpu} max ${2:8}', 'at most so many values'),
  snippet('ring of', 'ring of ${1:duration} max ${2:16}', 'the newest values'),
  snippet('ewma of', 'ewma(1/${1:8}) of ${2:duration}', 'a moving average'),
];

const TARGETS: readonly Item[] = [
  keyword('tracing', 'tracepoints and an agent; runs on stock kernels'),
  keyword('sched_ext', 'a scheduler of its own; needs a kernel with sched_ext'),
  keyword('pvsched', 'the paravirt scheduling patch set; no released kernel has it'),
];

const SCOPES: readonly Item[] = ['vcpu', 'vm', 'task', 'cpu'].map((scope) =>
  keyword(scope, `one instance for each ${scope}`),
);

const DIRECTIONS: readonly Item[] = [
  keyword('hint', 'what the guest tells the host'),
  keyword('feedback', 'what the host tells the guest'),
];

const ORDERS: readonly Item[] = [
  keyword('fifo', 'in the order of arrival'),
  keyword('vtime', 'by virtual time'),
];

const versions = (): readonly Item[] =>
  PROFILES.filter(({ mainline }) => mainline).map(({ id }) => keyword(id, 'a kernel'));

/** What is more than the word alone, by the rule and the token; a name that has a meaning in its place is an `Ident`. */
const BY_PLACE: ReadonlyMap<string, () => readonly Item[]> = new Map([
  ['header For', () => [keyword('for', 'and the target')]],
  ['header Ident', () => TARGETS],
  ['requirement Version', versions],
  ['per Ident', () => SCOPES],
  ['stateDecl Ident', () => SCOPES],
  ['sharedDecl Ident', () => DIRECTIONS],
  ['dsqDecl Ident', () => ORDERS],
  ['tableDecl Arrow', () => [keyword('->', 'and the type of the values')]],
  ['fnDecl Arrow', () => [keyword('->', 'and the type of the result')]],
  ['paramDecl In', () => [snippet('in', 'in ${1:1}..${2:10}', 'its range')]],
  ['forStmt In', () => [keyword('in', 'and what it goes through')]],
]);

const BY_TOKEN: ReadonlyMap<typeof T.Per, () => readonly Item[]> = new Map([
  [T.Requires, () => [keyword('requires kernel >=', 'and a version')]],
  [T.Kernel, () => [keyword('kernel >=', 'and a version')]],
  [T.Per, () => [keyword('per', 'one for each')]],
  [T.Max, () => [keyword('max', 'and how many')]],
]);

/** Bodies for those that have more than a word. */
const BODIES: readonly Item[] = [
  snippet('policy', 'policy ${1:name} for ${2|tracing,sched_ext,pvsched|}', 'the header'),
  snippet('param', 'param ${1:name}: ${2:duration} = ${3:1ms} in ${4:100us}..${5:10ms}', 'fixed at load'),
  snippet(
    'tunable',
    'tunable ${1:name}: ${2:duration} = ${3:1ms} in ${4:100us}..${5:10ms}',
    'changeable while it runs',
  ),
  snippet('const', 'const ${1:name} = ${2:0}', 'a constant'),
  snippet('enum', 'enum ${1:name} { ${2:A, B} }', 'named values'),
  snippet('table', 'table ${1:name}: ${2:vm} -> ${3:weight} = ${4:100}', 'filled by the operator'),
  snippet('shared', 'shared hint {\n\t${1:irqs_off}: ${2:bool}\n}', 'what the guest tells the host'),
  snippet('state', 'state ${1|vcpu,vm,task,cpu|} {\n\t${2:name}: ${3:bool}\n}', 'what the policy remembers'),
  snippet('counter', 'counter ${1:name} per ${2|vm,vcpu,cpu,task|}', 'counts events'),
  snippet(
    'histogram',
    'histogram ${1:name}: ${2:duration} per ${3|vm,vcpu,cpu,task|}',
    'distribution of a value',
  ),
  snippet('dsq', 'dsq ${1:name} ${2|fifo,vtime|}', 'a dispatch queue (sched_ext)'),
  snippet('fn', 'fn ${1:name}(${2:v: vcpu}) -> ${3:bool} {\n\t$0\n}', 'a function'),
  keyword('on', 'a hook'),
  snippet('every', 'every ${1:10ms} {\n\t$0\n}', 'a timer'),
  snippet('guest', 'guest {\n\t$0\n}', 'what runs in the guest'),
  snippet('invariant', 'invariant ${1:name}(${2:v: vcpu}) {\n\talways $0\n}', 'what always has to hold'),
  snippet(
    'scenario',
    'scenario ${1:name} {\n\ttrace "${2:traces/example.trace.gz}"\n\t$0\n}',
    'a simulation',
  ),
];

const declaration = (word: string): Item => BODIES.find(({ label }) => label === word) ?? keyword(word, '');
