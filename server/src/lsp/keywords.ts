import type { PolicyFile } from '../../../grammar/ast.ts';
import { layout } from '../../../grammar/parser-layout.ts';
import * as T from '../../../grammar/tokens.ts';
import { pathTo } from '../../../grammar/walk.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { startBefore } from './completion-spot.ts';

/** What the words of the language say, as Markdown; docs/language.md says more. */
export const KEYWORDS: Readonly<Record<string, string>> = {
  policy: 'The header: the name of the policy and what it is compiled for.',
  for: 'Goes through a range, a set of CPUs, or with `max N` through a list, the VMs or the vCPUs of a VM. In the header: the target.',
  requires: 'Narrows the kernels that the policy is held against, as in `requires kernel >= 6.12`.',
  kernel: 'The kernel that the policy needs at least.',
  const: 'A value that is known at compile time. Without a type a number adapts to where it is used.',
  param: 'A value that is set when the policy is loaded, within its range.',
  tunable: 'A value that can change while the policy runs, within its range.',
  enum: 'Named values. The first is 0, or what it says; each other one more than the one before.',
  table:
    'Values that the operator fills in at load; what is not in the table has the value behind `=`. A policy reads it only.',
  shared: 'The page that host and guest share: in `hint` the guest writes, in `feedback` the host.',
  state:
    'What the policy remembers, of each `vcpu`, `vm`, `task` or `cpu`, or once for all. It is zero at first.',
  counter: 'Counts events for simulations and the loader; `per` keeps one for each entity.',
  histogram: 'The distribution of a value, by `.record(x)`; `per` keeps one for each entity.',
  per: 'Keeps one for each VM, vCPU, CPU or task; it is then indexed.',
  dsq: 'A dispatch queue of sched_ext, in the order of arrival (`fifo`) or by virtual time (`vtime`).',
  fn: 'A function. It may not call itself, directly or through others.',
  on: 'A hook: code that runs when something happens in the kernel.',
  tracepoint: 'An event of the kernel, as SYSTEM:NAME.',
  op: "A callback of `struct sched_ext_ops`, by the kernel's name.",
  pvsched: 'A callback of the paravirt scheduling patch set, which no released kernel has.',
  init: 'Runs once, before the policy takes effect.',
  exit: 'Runs once, when the policy is unloaded.',
  every: 'Runs again and again, after each such time.',
  guest: 'The part that runs in the guest and fills the shared page.',
  invariant:
    'What has to hold at every event of every simulation; with a parameter, for every entity of that type.',
  always: 'The condition of an invariant. In `assume`: the whole time.',
  scenario: 'What to simulate, and what is expected of it.',
  trace: 'The recording that the scenario runs on.',
  vm: 'Names a VM of the trace, by the threads that are its vCPUs.',
  comm: 'By the name of a thread; `*` and `?` stand for anything, as in the shell.',
  cgroup: 'By the cgroup; `*` and `?` stand for anything, as in the shell.',
  pid: 'By the process.',
  assume: 'What a hint was, where the trace does not tell it.',
  after: 'The hook after which the assumption holds for that time.',
  compare: 'What to compare with: `eevdf`, which is the default, `pinned`, or another policy.',
  set: 'The value of a param, or an entry of a table, in this scenario.',
  expect: 'What has to hold in this scenario: a condition on statistics of metrics.',
  of: 'Of one VM. In a type: of which values it is made.',
  let: 'Names a value. `let (a, b) = …` takes two apart; `if let` runs its block where the value is there.',
  var: 'A variable, which can be assigned to.',
  if: 'Runs its block where the condition holds; `if let v = …` where the value is there, which has that name in the block.',
  else: 'Otherwise.',
  match:
    'Runs the first arm that fits: constants, ranges with both ends, several by `|`, and `_` for all else.',
  in: 'What a loop goes through, or the range of a param, with both ends.',
  max: 'The most rounds of a loop, or values of a collection: everything has a bound.',
  break: 'Leaves the loop.',
  continue: 'Goes on with the next round of the loop.',
  return: 'Leaves the function or the hook, with a value where one is declared.',
  defer:
    'Leaves the hook first and acts from a place where that is safe. Needed where the hook holds a lock that the action takes, and where the agent acts.',
  log: "Writes to the kernel's trace; in `{ }` stands any expression, and `\\{` is a brace.",
  as: 'Turns a number into another type, cut to its size.',
  has: 'Are all of these flags set?',
  true: 'The condition holds.',
  false: 'The condition does not hold.',
  none: 'The absent value of `vcpu?`, `task?`, `vm?` or `cpu?`.',
  list: 'A list of at most so many values, in state.',
  ring: 'The newest values, at most so many, in state.',
  ewma: 'A moving average that gives the newest sample this weight, in state.',
};

/** The word of the language at `offset`, and where it stands. */
export function keywordAt(
  text: string,
  file: PolicyFile,
  offset: number,
): { readonly word: string; readonly span: Span } | undefined {
  const start = offset - (/[a-z]*$/u.exec(text.slice(Math.max(0, offset - 20), offset))?.[0].length ?? 0);
  const word = /^[a-z]+\b/u.exec(text.slice(start, start + 20))?.[0] ?? '';
  if (!Object.hasOwn(KEYWORDS, word)) return undefined;
  const path = pathTo(file, start);
  // Where it is a name it is no word of the language.
  if (path.some(({ kind, span }) => kind === 'ident' && span.start === start)) return undefined;
  const end = start + word.length;
  const { raw } = layout(text, startBefore(file, end), end);
  const last = raw.at(-1);
  const isWord = last?.startOffset === start && !T.isComment(last.tokenType) && last.image === word;
  return isWord ? { word, span: { start, end } } : undefined;
}
