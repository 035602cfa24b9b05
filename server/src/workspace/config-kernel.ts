import type { CallRow, Effect, HookRow } from '../kernel/catalogue.ts';
import { EFFECTS } from '../kernel/effects.ts';
import { heldLocks } from '../kernel/locks.ts';
import type { OutOfTree, Profile } from '../kernel/profiles.ts';
import { ACTIONS } from '../semantics/actions.ts';
import type { ConfigReader } from './config-reader.ts';
import type { Json, Member } from './json.ts';

/** Locks by their class, as pvpolicy.json names them, and as the catalogue would. */
const LOCKS = {
  rq: 'rq(some).__lock',
  pi: 'p->pi_lock',
  dsq: 'dsq->lock',
  wait: 'waitqueue lock',
  timer: 'hrtimer_cpu_base.lock',
  pool: 'worker_pool.lock',
  any: 'any lock',
  sleeping: 'mutex',
  rcu: 'rcu_read_lock',
} as const;
type LockWord = keyof typeof LOCKS;
const LOCK_WORDS = Object.keys(LOCKS) as LockWord[];

const CONTEXTS = ['task', 'softirq', 'hardirq', 'nmi'] as const;
const IRQS = { on: 'enabled', off: 'disabled', either: 'either' } as const;
const IRQ_WORDS = Object.keys(IRQS) as (keyof typeof IRQS)[];
const PROGRAMS = { tracing: 'TRACING', struct_ops: 'STRUCT_OPS', syscall: 'SYSCALL', all: 'all' } as const;
const PROGRAM_WORDS = Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[];

const HOOK_KEYS = ['params', 'locks', 'mayHold', 'irqs', 'contexts', 'doc'];
const CALL_KEYS = ['signature', 'effects', 'programs', 'fires', 'delivers', 'mayBeNull', 'doc'];

/** The keys of an entry of `hooks` and of `kfuncs`, each with the words that its value is made of, if those are fixed. */
export const ENTRY_WORDS: Readonly<Record<'hooks' | 'kfuncs', Readonly<Record<string, readonly string[]>>>> =
  {
    hooks: wordsOf(HOOK_KEYS, {
      locks: LOCK_WORDS,
      mayHold: LOCK_WORDS,
      irqs: IRQ_WORDS,
      contexts: CONTEXTS,
    }),
    kfuncs: wordsOf(CALL_KEYS, {
      effects: EFFECTS,
      programs: PROGRAM_WORDS,
      delivers: ACTIONS.map(({ name }) => name),
    }),
  };

function wordsOf(
  keys: readonly string[],
  words: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(keys.map((key) => [key, words[key] ?? []]));
}

/** `hooks` and `kfuncs` of pvpolicy.json; `profile` is asked for what they leave out. */
export function readOutOfTree(
  reader: ConfigReader,
  hooks: Json | undefined,
  kfuncs: Json | undefined,
  profile: Profile | undefined,
): OutOfTree | undefined {
  if (hooks === undefined && kfuncs === undefined) return undefined;
  const rows = [...(hooks ? reader.members(hooks, 'hooks').values() : [])];
  const calls = [...(kfuncs ? reader.members(kfuncs, 'kfuncs').values() : [])];
  const delivers: Record<string, string> = {};
  return {
    hooks: rows.flatMap((member) => hookOf(reader, member, profile) ?? []),
    calls: calls.flatMap((member) => callOf(reader, member, profile, delivers) ?? []),
    delivers,
  };
}

const WORKSPACE = 'pvpolicy.json';

function hookOf(reader: ConfigReader, member: Member, profile: Profile | undefined): HookRow | undefined {
  const name = `hooks.${member.key}`;
  const [, system = '', event] = /^(?:(\w+):)?(\w+)$/.exec(member.key) ?? [];
  if (event === undefined) {
    reader.expected({ span: member.keySpan }, name, 'called SYSTEM:NAME');
    return undefined;
  }
  const entries = reader.members(member.value, name, HOOK_KEYS);
  const locks = reader.words(entries.get('locks')?.value, `${name}.locks`, 'lock', LOCK_WORDS);
  const mayHold = reader.words(entries.get('mayHold')?.value, `${name}.mayHold`, 'lock', LOCK_WORDS) ?? [];
  const irqs = reader.word(entries.get('irqs')?.value, `${name}.irqs`, IRQ_WORDS);
  // What is left out would count as safe, so it must be said.
  for (const key of ['locks', 'irqs'])
    if (member.value.kind === 'object' && !entries.has(key))
      reader.expected({ span: member.keySpan }, `${name}.${key}`, 'given: nothing may be assumed');
  const params = reader.strings(entries.get('params')?.value, `${name}.params`);
  const args = params
    ?.map((json) => argumentOf(reader, json, `${name}.params`))
    .filter((arg) => arg !== undefined);
  const contexts = reader.words(entries.get('contexts')?.value, `${name}.contexts`, 'context', CONTEXTS);
  const doc = reader.text(entries.get('doc')?.value, `${name}.doc`, 'a text');
  if (locks === undefined || irqs === undefined) return undefined;
  const row: HookRow = {
    name: event,
    family: 'tracepoint',
    system,
    params: args ?? (profile?.imported?.tracepoints[event] ?? []).map(([own, c]) => [own, c] as const),
    locks: locks.map((word) => LOCKS[word]),
    mayHold: [...mayHold.map((word) => LOCKS[word]), ...(contexts?.includes('nmi') ? [LOCKS.any] : [])],
    irqs: IRQS[irqs],
    preempt: 'either',
    contexts: (contexts ?? CONTEXTS.slice(0, 3)).join(' '),
    vcpu: 'sometimes',
    sites: [WORKSPACE],
    confidence: WORKSPACE,
    ...(doc !== undefined && { doc }),
  };
  return { ...row, forbids: forbiddenIn(row) };
}

function argumentOf(
  reader: ConfigReader,
  json: Json & { readonly kind: 'string' },
  name: string,
): readonly [string, string] | undefined {
  const [, c, own] = /^([\w\s*]*?[\s*])(\w+)$/.exec(json.value) ?? [];
  if (c !== undefined && own !== undefined) return [own, c.trim()];
  reader.expected(json, `an entry of ${name}`, "a C parameter, such as 'struct task_struct *p'");
  return undefined;
}

/** What must not happen in a hook follows from what is held there, as in the catalogue. */
function forbiddenIn(row: HookRow): readonly Effect[] {
  const classes = heldLocks(row).map((lock) => lock.class);
  const some = (...wanted: readonly string[]): boolean => classes.some((one) => wanted.includes(one));
  const open = some('any');
  const found: Effect[] = ['may_sleep'];
  if (some('rq', 'pi', 'dsq', 'wait', 'pool', 'timer', 'any'))
    found.push(
      'acquires_rq_lock',
      'acquires_pi_lock',
      'wakes_task_synchronously',
      'queues_work_synchronously',
    );
  if (open || some('dsq')) found.push('acquires_dsq_lock');
  if (open || some('timer')) found.push('starts_timer_synchronously');
  if (row.irqs !== 'enabled' || row.contexts !== 'task') found.push('requires_irqs_enabled');
  if (row.contexts.includes('nmi')) found.push('not_nmi_safe');
  return found;
}

function callOf(
  reader: ConfigReader,
  member: Member,
  profile: Profile | undefined,
  delivers: Record<string, string>,
): CallRow | undefined {
  const name = `kfuncs.${member.key}`;
  if (!/^[A-Za-z_]\w*$/.test(member.key)) {
    reader.expected({ span: member.keySpan }, name, 'the name of a kfunc');
    return undefined;
  }
  const entries = reader.members(member.value, name, CALL_KEYS);
  const value = (key: string): Json | undefined => entries.get(key)?.value;
  const signature = signatureOf(reader, member, value('signature'), profile);
  const effects = reader.words(value('effects'), `${name}.effects`, 'effect', EFFECTS);
  if (effects === undefined && member.value.kind === 'object' && value('effects') === undefined)
    reader.expected({ span: member.keySpan }, `${name}.effects`, 'given: nothing may be assumed');
  const programs = reader.words(value('programs'), `${name}.programs`, 'kind of program', PROGRAM_WORDS);
  const fires = reader.strings(value('fires'), `${name}.fires`)?.map((json) => json.value);
  const names = ACTIONS.map((action) => action.name);
  const action = reader.word(value('delivers'), `${name}.delivers`, names);
  const mayBeNull = value('mayBeNull');
  if (mayBeNull !== undefined && mayBeNull.kind !== 'boolean')
    reader.expected(mayBeNull, `${name}.mayBeNull`, 'true or false');
  const doc = reader.text(value('doc'), `${name}.doc`, 'a text');
  if (signature === undefined || effects === undefined) return undefined;
  if (action !== undefined) delivers[action] = member.key;
  return {
    name: member.key,
    class: 'kfunc',
    signature,
    effects,
    progs: (programs ?? ['all' as const]).map((word) => PROGRAMS[word]),
    confidence: WORKSPACE,
    source: WORKSPACE,
    ...(fires && { fires }),
    ...(mayBeNull?.kind === 'boolean' && mayBeNull.value && { flags: ['ret_null'] }),
    ...(doc !== undefined && { doc }),
  };
}

/** As written, or of the imported kernel. */
function signatureOf(
  reader: ConfigReader,
  { key, keySpan }: Member,
  json: Json | undefined,
  profile: Profile | undefined,
): string | undefined {
  const expected = `a C prototype, such as 'int ${key}(struct task_struct *p)'`;
  if (json === undefined) {
    const found = profile?.imported?.kfuncs[key];
    if (found === undefined)
      reader.expected({ span: keySpan }, `kfuncs.${key}.signature`, `${expected}: no imported kernel has it`);
    return found;
  }
  const text = reader.text(json, `kfuncs.${key}.signature`, expected)?.replace(/;?\s*$/, '');
  if (text === undefined) return undefined;
  const fits = new RegExp(
    `^[\\w\\s*]+[\\s*]${key}\\((void|[\\w\\s*]+[\\s*]\\w+(, [\\w\\s*]+[\\s*]\\w+)*)\\)$`,
  );
  if (fits.test(text)) return text;
  reader.expected(json, `kfuncs.${key}.signature`, expected);
  return undefined;
}
