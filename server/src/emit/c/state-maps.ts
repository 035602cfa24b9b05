import type { Scope } from '../../semantics/model.ts';
import { mapLines, ROOM } from './maps.ts';
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
    '};',
    '',
  ];
}

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
    `static const struct ${tag} pv_zero_${tag};`,
    `static struct ${tag} pv_spare_${tag};`,
    '',
    '/* Made of zeros at first use. Where there is no room, one that is forgotten again. */',
    `static __noinline struct ${tag} *pv_${tag}(u32 id)`,
    '{',
    `\tstruct ${tag} *s = bpf_map_lookup_elem(&${map}, &id);`,
    '',
    '\tif (s)',
    '\t\treturn s;',
    `\tbpf_map_update_elem(&${map}, &id, &pv_zero_${tag}, BPF_NOEXIST);`,
    `\ts = bpf_map_lookup_elem(&${map}, &id);`,
    '\tif (s)',
    '\t\treturn s;',
    ...spare(unit, scope),
    '}',
    '',
  ];
}

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
    '\t__sync_fetch_and_add(&pv_health.states_lost, 1);',
    bytes <= SMALL
      ? `\tpv_spare_${tag} = (struct ${tag}){};`
      : `\t${helper(unit, 'pv_clear')}(&pv_spare_${tag});`,
    `\treturn &pv_spare_${tag};`,
  ];
};

function taskStorage(unit: Unit): string[] {
  return [
    ...mapLines({
      name: 'tasks',
      doc: 'State of threads; it goes when the thread goes.',
      type: 'TASK_STORAGE',
      flags: 'BPF_F_NO_PREALLOC',
      key: 'int',
      value: 'struct task_state',
    }),
    'static struct task_state pv_spare_task_state;',
    '',
    '/* Made of zeros at first use. Where there is no memory, one that is forgotten again. */',
    `static ${stateBytes(unit, 'task') <= FEW ? '__always_inline' : '__noinline'} struct task_state *pv_task_state(struct task_struct *p)`,
    '{',
    '\tstruct task_state *s = NULL;',
    '',
    '\tif (p)',
    '\t\ts = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);',
    '\tif (s)',
    '\t\treturn s;',
    ...spare(unit, 'task'),
    '}',
    '',
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
    ...spare(unit, 'cpu'),
    '}',
    '',
  ];
}
