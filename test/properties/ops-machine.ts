import { DSQ, type Value } from '../../server/src/emit/executor/host.ts';
import { has } from '../../server/src/emit/executor/masks.ts';
import { canonical } from '../../server/src/emit/executor/number.ts';
import type { IrType, Program } from '../../server/src/ir/ir.ts';
import { todaysName } from '../../server/src/simulate/kernel-calls.ts';
import type { Choices } from '../support/random-choices.ts';
import { anyNumber, type Call, type TestHost } from './agreement.ts';
import { executorValue, THREADS, type Argument, AFFINITY, ALL, argumentOf, CPUS } from './machine.ts';
import {
  ANSWERED,
  ANSWERS,
  AROUND,
  ASKED,
  constant,
  LOG_BYTES,
  LOG_PARTS,
  MADE,
  madeParams,
  MIX,
  MOST_MADE,
  type MadeParam,
} from './ops-text.ts';
import { argumentField, argumentStruct, GROUPS, opsOf } from './ops-structs.ts';
import { wholeOps } from './ops-whole.ts';

/** Fields of a thread that the test sets, in the order in which the runner is told. */
const FIELDS = ['scx.slice', 'scx.dsq_vtime', 'scx.weight', 'nr_cpus_allowed', 'flags', 'migration_disabled', 'thread_info.cpu'] as const; // prettier-ignore
type Fields = Record<string, bigint>;

const PF_KTHREAD = 0x200000n;

/** Bits of flags that operations get: none, one of many, high ones. */
const FLAGS = [0n, 1n, 4n, 8n, 16n, 1n << 10n, 1n << 32n, (1n << 40n) | 1n, (1n << 63n) | 2n] as const;

/** What is answered to the calls of operations, in turn. */
export const scriptFrom = (c: Choices): readonly bigint[] =>
  Array.from({ length: ANSWERS }, () => (BigInt(c.below(0x10000)) << 32n) | BigInt(c.below(0x10000)));

/** Rounds of operations, after each of which everything that it may have changed is looked at; the scheduler comes first and goes last. */
export function opCalls(program: Program, c: Choices, rounds: number, looks: () => readonly Call[]): Call[] {
  const ops = opsOf(program);
  const comes = (name: string, at: number): boolean =>
    name === 'init' ? at === 0 : name === 'exit' ? at === rounds - 1 : true;
  const order = (name: string): number => (name === 'init' ? 0 : name === 'exit' ? 2 : 1);
  const ordered = ops.toSorted((a, b) => order(a.name) - order(b.name));
  const round = (at: number): readonly Call[] =>
    ordered.flatMap(({ name, params }): readonly Call[] => {
      if (!comes(name, at)) return [];
      const args = Array.from({ length: AROUND }, (_, i): Argument =>
        name === 'exit' ? anyNumber(c, 'u64') : opArgument(c, params[i]?.type),
      );
      const around = [timeFrom(c, at), BigInt(c.below(THREADS.length)), BigInt(c.below(CPUS))];
      const op: Call = { name: `op_${name}`, args: [...args, ...around] };
      return [...taskCalls(c, at), op, ...looks(), ...LOOKS];
    });
  return Array.from({ length: rounds }, (_, at) => round(at)).flat();
}

const timeFrom = (c: Choices, round: number): bigint =>
  c.flip(6) ? anyNumber(c, 'u64') : 1_000_000_000n + BigInt(round) * 1_000_000n + BigInt(c.below(0x10000));

/** Now and then, and at the start, threads are as they come. */
const taskCalls = (c: Choices, round: number): readonly Call[] =>
  THREADS.flatMap((_, at): Call[] =>
    round > 0 && !c.flip(4) ? [] : [{ name: 'task', args: taskFrom(c, at) }],
  );

function taskFrom(c: Choices, at: number): Argument[] {
  const slice = c.pick([20_000_000n, 0n, 1n, 5_000_000n, (1n << 64n) - 1n, anyNumber(c, 'u64')]);
  const flags = c.pick([0n, PF_KTHREAD, 0x400040n]);
  const numbers = [slice, anyNumber(c, 'u64'), BigInt(1 + c.below(10_000)), BigInt(1 + c.below(300)), flags];
  return [{ kind: 'thread', at }, ...numbers, BigInt(c.pick([0, 0, 1, 2])), BigInt(c.below(CPUS))];
}

/** Looks at the fields of threads that operations may write, and that no state was lost. */
const LOOKS: readonly Call[] = [
  ...THREADS.flatMap((_, at): Call[] =>
    ['slice', 'vtime'].map((name) => ({ name, args: [{ kind: 'thread', at }] })),
  ),
  { name: 'lost', args: [] },
];

function opArgument(c: Choices, type: IrType | undefined): Argument {
  switch (type?.kind) {
    case 'task':
    case 'cpumask':
    case 'cpu':
      return argumentOf(c, type.kind);
    case 'optional':
      return c.flip() ? 0n : argumentOf(c, 'task');
    case 'bool':
      return BigInt(c.below(2));
    case 'int':
      if (type.unit === 'weight') return BigInt(1 + c.below(10_000));
      return BigInt.asUintN(type.bits, c.flip(4) ? anyNumber(c, 'u64') : c.pick(FLAGS));
    case 'struct':
      return argumentStruct(type) === undefined ? BigInt(c.below(GROUPS)) : anyNumber(c, 'u64');
    default:
      return 0n;
  }
}

/** What the runner is told first: who its threads are called, and the answers. */
export const meeting = (script: readonly bigint[]): string[] => [
  ...THREADS.map(({ tid, vm }, i) => `call ${i} ${tid} ${tgidOf(vm)}`),
  ...THREADS.map(({ tid, vm }, i) => `run call_meet ${i} &${i} ${tid} ${tgidOf(vm)}`),
  `set test_script 0 $${script.map(littleEndian).join('')}`,
];

const littleEndian = (number: bigint): string =>
  Buffer.from(new BigUint64Array([number]).buffer).toString('hex');

const tgidOf = (vm: number): number => 100 + vm;

/** The executor's host with the machine of the operations around it: what they call is put into `asked` as `madeText()` shows it. */
export function opsHost(host: TestHost, program: Program, script: readonly bigint[]): TestHost {
  const { asked } = host;
  const fields = new Map<number, Fields>(THREADS.map(({ tid }) => [tid, {}]));
  const around = { clock: 0n, current: 0, cpu: 0, answers: 0 };
  let made = 0;
  const now = (): Value & number => THREADS[around.current]?.tid ?? 0;
  const field = (task: number, name: string): bigint => fields.get(task)?.[name] ?? 0n;
  const put = (text: string): void => {
    if (made++ < MOST_MADE) asked.push(text);
  };
  const make = (text: string): bigint => {
    put(text);
    return script[around.answers++ % ANSWERS] ?? 0n;
  };
  const called = (name: string, args: readonly Value[]): Value => {
    const stored = STORING[name];
    if (stored !== undefined) {
      const of = fields.get(args[0] as number);
      if (of) of[stored] = unsigned(args[1]);
      return true;
    }
    if (name === 'scx_bpf_get_online_cpumask') return ALL;
    if (name === 'scx_bpf_now') return canonical(around.clock);
    if (name === 'bpf_cgroup_ancestor') return ancestorOf(Number(args[0]), Number(args[1]));
    return answered(name, answer(name, args));
  };
  const answer = (name: string, args: readonly Value[]): bigint => {
    if (!ASKED.has(name)) return make(callText(name, args));
    const number = madeParams(name).reduce(
      (mixed, param, i) => BigInt.asUintN(64, mixed * MIX + madeNumber(param, args[i])),
      BigInt(MADE.indexOf(name)) + (BigInt(around.answers) << 32n),
    );
    return script[Number(BigInt.asUintN(64, number * MIX) >> 59n)] ?? 0n;
  };
  const { init, exit } = wholeOps(program, put, make);
  const directly: Readonly<Record<string, (args: readonly Argument[]) => bigint>> = {
    task: ([whose = 0n, ...values]) => {
      fields.set(
        tidOf(whose),
        Object.fromEntries(FIELDS.map((name, i) => [name, (values[i] as bigint | undefined) ?? 0n])),
      );
      return 0n;
    },
    slice: ([whose = 0n]) => field(tidOf(whose), 'scx.slice'),
    vtime: ([whose = 0n]) => field(tidOf(whose), 'scx.dsq_vtime'),
    lost: () => 0n,
  };
  return {
    ...host,
    asked,
    now: () => canonical(around.clock),
    currentTask: now,
    currentVcpu: now,
    thisCpu: () => around.cpu,
    taskTgid: (task) => tgidOf(THREADS.find(({ tid }) => tid === task)?.vm ?? 0),
    isKthread: (task) => (field(task, 'flags') & PF_KTHREAD) !== 0n,
    canRunOn: (task, cpu) =>
      cpu >= 0 &&
      has(AFFINITY[THREADS.findIndex(({ tid }) => tid === task)] ?? 0n, cpu) &&
      (field(task, 'migration_disabled') <= (task === now() ? 1n : 0n) ||
        field(task, 'thread_info.cpu') === BigInt(cpu)),
    dsqLen: (dsq) => called('scx_bpf_dsq_nr_queued', [dsq]) as number,
    dsqTasks: (dsq) => {
      const first = answer('bpf_iter_scx_dsq_new', [dsq]);
      const length = Number((first >> 32n) & 3n);
      return Array.from({ length }, (_, i) => THREADS[threadAt(first + BigInt(i))]?.tid ?? 0);
    },
    kernelField: (root, path, type, site) => {
      const name = path.join('.');
      if (root.kind === 'struct' && root.name === 'cgroup')
        return { load: (group) => group, store: NOT_STORED };
      const struct = argumentStruct(root);
      if (struct !== undefined)
        return {
          load: (number) => argumentField(struct, path[0] ?? '', unsigned(number)),
          store: NOT_STORED,
        };
      if (!FIELDS.some((one) => one === name)) return host.kernelField(root, path, type, site);
      return {
        load: (task) => canonical(field(task, name)),
        store: (task, value) => void Object.assign(fields.get(task) ?? {}, { [name]: unsigned(value) }),
      };
    },
    log: () => (text) => {
      const parts = Math.min(LOG_PARTS, Math.max(0, MOST_MADE - made));
      made += LOG_PARTS;
      const bytes = Buffer.from(text).subarray(0, Math.min(parts * LOG_BYTES, LOG_PARTS * LOG_BYTES - 1));
      if (parts > 0) asked.push(`log ${bytes.toString('latin1')}`);
    },
    kernelConstant: (name, value) => canonical(value ?? constant(name)),
    kernelCall: (call) => (args) => called(todaysName(call), args),
    action: (action, site) => {
      const { name } = action;
      if (name === 'kick') return ([cpu]) => void called('scx_bpf_kick_cpu', [cpu, 0]);
      if (name === 'set_slice') return (args) => void called('scx_bpf_task_set_slice', args);
      const ask = host.action(action, site);
      return (args) => {
        ask(args);
        const text = asked.pop() ?? '';
        make(text);
      };
    },
    before: ({ name, args }) => {
      made = 0;
      if (name.startsWith('op_')) {
        const [clock = 0n, current = 0n, cpu = 0n] = args.slice(AROUND) as bigint[];
        Object.assign(around, { clock, current: Number(current), cpu: Number(cpu) });
      }
      return directly[name]?.(args).toString(16);
    },
    whole: ({ name, args }, run) =>
      name === 'op_init' ? init(run, args) : name === 'op_exit' ? exit(run, args) : undefined,
  };
}

const NOT_STORED = (): void => undefined;

/** Functions that store into a thread's field. */
const STORING: Readonly<Record<string, string>> = {
  scx_bpf_task_set_slice: 'scx.slice',
  scx_bpf_task_set_dsq_vtime: 'scx.dsq_vtime',
};

const tidOf = (whose: Argument): number => executorValue(whose) as number;
const unsigned = (value: Value): bigint => BigInt.asUintN(64, BigInt(value as bigint));

/** The cgroup above that is so deep: a cgroup's number is its depth. */
const ancestorOf = (group: number, level: number): number | undefined =>
  level < 0 || level > group ? undefined : level;

/** Which thread a number stands for: as C has it (`test_thread`). */
const threadAt = (answer: bigint): number => Number(answer & 3n) % 3;

/** What a call gives, of a number: as C makes it of the same (`GIVEN`). */
function answered(name: string, answer: bigint): Value {
  const cpu = Number(answer % BigInt(CPUS));
  const found = Number(answer % BigInt(CPUS + 1));
  switch (ANSWERED[name] ?? 'none') {
    case 'bool':
      return answer % 2n === 1n;
    case 'cpu':
      return name === 'scx_bpf_select_cpu_dfl' ? [cpu, ((answer >> 32n) & 1n) === 1n] : cpu;
    case 'cpu?':
      return found < CPUS ? found : undefined;
    case 'count':
      return Number(answer % 5n);
    case 'mask':
      return AFFINITY[threadAt(answer)];
    case 'group':
      return Number(answer % BigInt(GROUPS));
    case 'none':
      return undefined;
  }
}

/** A call as the executor makes it. */
function callText(name: string, args: readonly Value[]): string {
  const shown = madeParams(name).map((param, i) => shownNumber(param, madeNumber(param, args[i])));
  return `${name}(${shown.join(', ')})`;
}

/** An argument as C writes it down. */
function madeNumber({ name, c }: MadeParam, value: Value): bigint {
  if (c === 'struct task_struct *') return BigInt(THREADS.findIndex(({ tid }) => tid === value));
  if (c === 'const struct cpumask *') return (value as bigint) & ALL;
  return name === 'dsq_id' ? queueId(Number(value)) : unsigned(value);
}

const shownNumber = ({ c }: MadeParam, number: bigint): string =>
  c === 'struct task_struct *'
    ? `@${number}`
    : (c === 'const struct cpumask *' ? number & ALL : number).toString(16);

/** The kernel's id of a queue (include/linux/sched/ext.h: enum scx_dsq_id_flags). */
function queueId(dsq: number): bigint {
  const cpu = DSQ.cpuOf(dsq);
  if (cpu !== undefined) return constant('SCX_DSQ_LOCAL_ON') | BigInt(cpu);
  return dsq === DSQ.local ? constant('SCX_DSQ_LOCAL') : dsq === DSQ.global ? constant('SCX_DSQ_GLOBAL') : BigInt(dsq);
} // prettier-ignore

/** Requests and calls of the kernel's answer, in their order. */
export function madeTexts(shown: readonly string[]): string[] {
  const requests = shown.filter((text) => !text.startsWith('='));
  const calls = shown.filter((text) => text.startsWith('=')).map((text) => text.slice(1).split(':'));
  const texts: string[] = [];
  for (let at = 0; at < calls.length; at++) {
    const [which = '', ...args] = calls[at] ?? [];
    const name = MADE[parseInt(which, 16)] ?? which;
    if (name === 'request') texts.push(requests.shift() ?? 'no request');
    else if (name === 'log') {
      texts.push(`log ${bytesOf(calls.slice(at, at + LOG_PARTS).flatMap(([, ...words]) => words)).toString('latin1')}`);
      at += LOG_PARTS - 1;
    } else texts.push(madeText(name, args));
  }
  return [...texts, ...requests];
} // prettier-ignore

/** The bytes of words, up to the first that is 0. */
function bytesOf(words: readonly string[]): Buffer {
  const bytes = Buffer.from(new BigUint64Array(words.map((word) => BigInt(`0x${word}`))).buffer);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** How many arguments those have that are no calls of the policy's. */
const ARGUMENTS: Readonly<Record<string, number>> = { queue: 1, timer: 1, exit: 4 };

function madeText(name: string, args: readonly string[]): string {
  const own = ARGUMENTS[name];
  if (own !== undefined) return [name, ...args.slice(0, own)].join(' ');
  const shown = madeParams(name).map((param, i) => shownNumber(param, BigInt(`0x${args[i]}`)));
  return `${name}(${shown.join(', ')})`;
}
