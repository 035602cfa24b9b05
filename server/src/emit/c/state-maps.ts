import type { Scope } from '../../semantics/model.ts';
import { mapLines, ROOM } from './maps.ts';
import { isOld } from './old-kernels.ts';
import { comment } from './printer.ts';
import { declareField, fieldBytes, stateFields, structOf } from './state.ts';
import { helper, type Unit } from './unit.ts';

/** Structs, maps and accessors of the state that the code uses. */
export function stateLines(unit: Unit): string[] {
  const scopes: readonly Scope[] = ['global', 'cpu', 'task', 'vm'];
  return scopes.flatMap((scope) => (unit.features.has(`state ${scope}`) ? scopeLines(unit, scope) : []));
}

function scopeLines(unit: Unit, scope: Scope): string[] {
  switch (scope) {
    case 'global':
      return [...structLines(unit, scope, []), ...GLOBAL];
    case 'cpu':
      return [...structLines(unit, scope, []), ...cpuLines(unit)];
    case 'task':
      return [
        ...structLines(unit, scope, []),
        ...(keepsByTid(unit) ? hashLines(unit, TASK) : taskStorage(unit)),
      ];
    case 'vm':
      return [...structLines(unit, scope, vmOwn(unit)), ...hashLines(unit, VM)];
    case 'vcpu':
      return [];
  }
}

/** Marked as used, for clang takes a static struct apart that it sees all uses of, and the kernel refuses its BTF. */
const GLOBAL = ['static struct policy_state state __attribute__((used));', ''];

/** Programs for pvsched may call base helpers only: what is kept of a thread is kept by its id. */
export const keepsByTid = (unit: Unit): boolean => unit.program.target === 'pvsched';

/** Kernels before 6.4 do not tell a program of the task with an id: vCPUs are kept by it there. */
export const keepsVcpusByTid = (unit: Unit): boolean => keepsByTid(unit) || isOld(unit);

const vmOwn = (unit: Unit): string[] =>
  unit.features.has('vm-vcpus')
    ? [
        '/* Threads of its vCPUs, in the order in which they first ran; 0 is a free place. */',
        'u32 vcpu[PV_VCPUS];',
      ]
    : [];

/** The struct of a scope: what the generator keeps, then what the policy does. */
export function structLines(unit: Unit, scope: Scope, own: readonly string[]): string[] {
  const state = unit.program.states.find(
    (candidate) => candidate.scope === scope && candidate.side === unit.side,
  );
  const fields = stateFields(unit, scope).flatMap((field) => [
    ...comment(field.doc),
    `${declareField(unit, scope, field)};`,
  ]);
  return [
    ...comment(state?.doc),
    `struct ${structOf(scope)} {`,
    ...[...own, ...fields].map((line) => `\t${line}`),
    scope === 'cpu' ? OWN_CACHE_LINE : '};',
    '',
  ];
}

/** The end of a struct that is an element of an array by CPU. */
export const OWN_CACHE_LINE =
  '} __attribute__((aligned(64)));\t/* each CPU writes to a cache line of its own */';

interface Kept {
  readonly what: string;
  readonly scope: Scope;
  readonly map: string;
  readonly entries: string;
}

const VM: Kept = { what: 'VMs, by thread group id', scope: 'vm', map: 'vms', entries: 'PV_VMS' };
const TASK: Kept = { what: 'threads, by id', scope: 'task', map: 'tasks', entries: `${ROOM.tasks}` };

/** State that is kept in a hash by a number, made at first use. */
function hashLines(unit: Unit, { scope, what, map, entries }: Kept): string[] {
  const tag = structOf(scope);
  return [
    ...mapLines({
      name: map,
      doc: `State of ${what}.`,
      type: 'HASH',
      entries,
      key: 'u32',
      value: `struct ${tag}`,
    }),
    ...accessors(unit, scope, {
      param: 'u32 id',
      inline: '__noinline',
      find: `bpf_map_lookup_elem(&${map}, &id)`,
      get: [
        `struct ${tag} *s = bpf_map_lookup_elem(&${map}, &id);`,
        '',
        'if (s)',
        '\treturn s;',
        `bpf_map_update_elem(&${map}, &id, &pv_zero_${tag}, BPF_NOEXIST);`,
        `s = bpf_map_lookup_elem(&${map}, &id);`,
      ],
      zero: [`static const struct ${tag} pv_zero_${tag};`],
    }),
  ];
}

interface Kind {
  readonly param: string;
  readonly inline: string;
  /** The state where there is one, or NULL. */
  readonly find: string;
  /** Declares `s`, the state, made of zeros at first use, or NULL where there is no room. */
  readonly get: readonly string[];
  /** What `get` refers to. */
  readonly zero?: readonly string[];
}

/** The accessors of a scope that the code calls, and the instances that they need. */
function accessors(unit: Unit, scope: Scope, { param, inline, find, get, zero = [] }: Kind): string[] {
  const tag = structOf(scope);
  const has = (way: 'any' | 'find' | 'make'): boolean => unit.features.has(`${way} ${scope}`);
  const accessor = (name: string, head: string, doc: string, lines: readonly string[]): string[] => [
    `/* ${doc} */`,
    `static ${head} struct ${tag} *pv_${name}${tag}(${param})`,
    '{',
    ...lines.map((line) => (line === '' ? '' : `\t${line}`)),
    '}',
    '',
  ];
  const instances = [
    ...(has('any') || has('make') ? zero : []),
    ...(has('any') ? [`static struct ${tag} pv_spare_${tag};`] : []),
  ];
  const [looks, makes, always] = [
    'NULL where nothing is kept yet.',
    'Made of zeros at first use; NULL where there is no room.',
    'Made of zeros at first use. Where there is no room, one that is forgotten again.',
  ];
  return [
    ...instances,
    ...(instances.length > 0 ? [''] : []),
    ...(has('find') ? accessor('find_', '__always_inline', looks, [`return ${find};`]) : []),
    ...(has('make') ? accessor('make_', inline, makes, [...get, 'if (!s)', `\t${LOST}`, 'return s;']) : []),
    ...(has('any')
      ? accessor('', inline, always, [...get, 'if (s)', '\treturn s;', ...spare(unit, scope)])
      : []),
  ];
}

const LOST = '__sync_fetch_and_add(&pv_health.states_lost, 1);';

/** Bytes that clang sets to zero by itself; for more it would call memset, which BPF has not. */
const SMALL = 512;

/** Bytes that are set to zero where they are needed, rather than in a function of its own. */
const FEW = 32;

const stateBytes = (unit: Unit, scope: Scope): number =>
  stateFields(unit, scope).reduce((sum, field) => sum + fieldBytes(field), 0);

const spare = (unit: Unit, scope: Scope): string[] => {
  const tag = structOf(scope);
  const bytes = stateBytes(unit, scope) + 4 * unit.vcpuRoom;
  return [
    LOST,
    bytes <= SMALL
      ? `pv_spare_${tag} = (struct ${tag}){};`
      : `${helper(unit, 'pv_clear')}(&pv_spare_${tag});`,
    `return &pv_spare_${tag};`,
  ];
};

function taskStorage(unit: Unit): string[] {
  // What is looked up by an id may be gone.
  const [test, none] = unit.features.has('state of no task') ? ['p ? ', ' : NULL'] : ['', ''];
  const get = (flags: string): string => `${test}bpf_task_storage_get(&tasks, p, NULL, ${flags})${none}`;
  return [
    ...mapLines({
      name: 'tasks',
      doc: 'State of threads; it goes when the thread goes.',
      type: 'TASK_STORAGE',
      flags: 'BPF_F_NO_PREALLOC',
      key: 'int',
      value: 'struct task_state',
    }),
    ...accessors(unit, 'task', {
      param: 'struct task_struct *p',
      inline: stateBytes(unit, 'task') <= FEW ? '__always_inline' : '__noinline',
      find: get('0'),
      get: [`struct task_state *s = ${get('BPF_LOCAL_STORAGE_GET_F_CREATE')};`, ''],
    }),
  ];
}

function cpuLines(unit: Unit): string[] {
  return [
    ...mapLines({
      name: 'cpus',
      doc: 'State of CPUs.',
      type: 'ARRAY',
      entries: `${ROOM.cpus}`,
      key: 'u32',
      value: 'struct cpu_state',
    }),
    'static struct cpu_state pv_spare_cpu_state;',
    '',
    '/* Of a CPU that there is not, one that is forgotten again. */',
    'static __noinline struct cpu_state *pv_cpu_state(s32 cpu)',
    '{',
    '\tstruct cpu_state *s = bpf_map_lookup_elem(&cpus, &cpu);',
    '',
    '\tif (s)',
    '\t\treturn s;',
    ...spare(unit, 'cpu').map((line) => `\t${line}`),
    '}',
    '',
  ];
}
