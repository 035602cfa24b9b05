import type { CompletionList, Position } from 'vscode-languageserver';
import type { Snapshot } from '../pipeline.ts';
import { TYPES } from '../semantics/builtins.ts';
import { codeItems } from './completion-code.ts';
import { hookItems } from './completion-hooks.ts';
import { keyword, LEAST, snippet, typeItem, type Item } from './completion-items.ts';
import { memberItems } from './completion-members.ts';
import { toOffset } from './convert.ts';
import { pathTo } from '../../../grammar/walk.ts';

/** Characters after which clients ask for completion without a key. */
export const TRIGGERS = ['.', ':'] as const;

/** What can be written at `position`. */
export function completion(snapshot: Snapshot, position: Position): CompletionList {
  const offset = toOffset(snapshot, position);
  const word = /\w*$/u.exec(snapshot.text.slice(Math.max(0, offset - 100), offset))?.[0] ?? '';
  // What is left out is listed from a few letters on: until then clients must ask again.
  return { isIncomplete: word.length < LEAST, items: [...items(snapshot, offset)] };
}

function items(snapshot: Snapshot, offset: number): readonly Item[] {
  const { text, file, model, lines } = snapshot;
  const before = text.slice(lines.lineStart(lines.lineAt(offset)), offset);
  if (/\/\/|"[^"]*$/u.test(before.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""'))) return [];
  const path = pathTo(file, offset);
  const member = path.findLast((node) => node.kind === 'member');
  if (member && offset > member.object.span.end) return memberItems(model, member.object);
  if (/^\s*policy\s+\w+\s+for\s+\w*$/u.test(before)) return TARGETS;
  const hooks = hookItems(model, before);
  if (hooks) return hooks;
  if (/^\s*state\s+\w*$/u.test(before) || /\bper\s+\w*$/u.test(before)) return SCOPES;
  if (isTypePlace(before)) return [...TYPES.map(typeItem), ...enums(snapshot)];
  if (path.some((node) => node.kind === 'block' || node.kind === 'invariant')) {
    return codeItems(snapshot, path, offset, before);
  }
  if (path.some((node) => node.kind === 'scenario')) return SCENARIO;
  return /^\s*\w*$/u.test(before) ? DECLARATIONS : codeItems(snapshot, path, offset, before);
}

/** Behind the `:` of a declaration, behind `->`, `as`, or the `of` of a collection. */
const isTypePlace = (before: string): boolean =>
  /(?:->|\bas|\bof)\s*\w*$/u.test(before) ||
  /^\s*(?:param|tunable|const|table|histogram|let|var)\s+\w+\s*:\s*\w*$/u.test(before) ||
  /^\s*fn\b[^{]*[(,]\s*\w+\s*:\s*\w*$/u.test(before) ||
  /^\s*\w+\s*:\s*\w*$/u.test(before);

const enums = ({ file }: Snapshot): readonly Item[] =>
  file.decls.flatMap((decl) =>
    decl.kind === 'enum' ? [keyword(decl.name.text, 'enum of this policy')] : [],
  );

const TARGETS: readonly Item[] = [
  keyword('tracing', 'tracepoints and an agent; runs on stock kernels'),
  keyword('sched_ext', 'a scheduler of its own; needs a kernel with sched_ext'),
  keyword('pvsched', 'the paravirt scheduling patch set; no released kernel has it'),
];

const SCOPES: readonly Item[] = ['vcpu', 'vm', 'task', 'cpu'].map((scope) =>
  keyword(scope, `one instance for each ${scope}`),
);

const SCENARIO: readonly Item[] = [
  snippet('trace', 'trace "${1:traces/example.trace.gz}"', 'the recording to run on'),
  snippet('vm', 'vm ${1:name} = comm "${2:qemu-*}"', 'name a VM of the trace'),
  snippet(
    'assume',
    'assume ${1:hint} on ${2:vm} for ${3:300us} after ${4:intr_inj}',
    'a hint that the trace has not',
  ),
  snippet('set', 'set ${1:param} = ${2:value}', 'a param in this scenario'),
  snippet('set[]', 'set ${1:table}[${2:vm}] = ${3:value}', 'an entry of a table in this scenario'),
  snippet('compare', 'compare ${1:eevdf}', 'what to compare with'),
  snippet('expect', 'expect ${1:p99}(${2:wakeup_latency} of ${3:vm}) < ${4:1ms}', 'what has to hold'),
];

const DECLARATIONS: readonly Item[] = [
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
  snippet('on', 'on ${1|tracepoint,pvsched,op|} $0', 'a hook'),
  snippet('every', 'every ${1:10ms} {\n\t$0\n}', 'a timer'),
  snippet('guest', 'guest {\n\t$0\n}', 'what runs in the guest'),
  snippet('invariant', 'invariant ${1:name}(${2:v: vcpu}) {\n\talways $0\n}', 'what always has to hold'),
  snippet(
    'scenario',
    'scenario ${1:name} {\n\ttrace "${2:traces/example.trace.gz}"\n\t$0\n}',
    'a simulation',
  ),
];
