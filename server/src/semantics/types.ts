/**
 * The types of the language. Durations, instants and vtime are kept apart although each is 64 bits of ns; in
 * arithmetic `nice`, `rt_prio` and `weight` act as integers.
 */
export type Type =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  /** ns */
  | { readonly kind: 'duration' }
  /** ns of the kernel's monotonic clock */
  | { readonly kind: 'instant' }
  /** ns of virtual time; compares with wrap-around */
  | { readonly kind: 'vtime' }
  /** Fixed point, unit 1/1024. */
  | { readonly kind: 'ratio' }
  | { readonly kind: 'cpu' }
  | { readonly kind: 'cpumask' }
  | { readonly kind: 'task' }
  | { readonly kind: 'vcpu' }
  | { readonly kind: 'vm' }
  | { readonly kind: 'dsq' }
  | { readonly kind: 'nice' }
  | { readonly kind: 'rt_prio' }
  | { readonly kind: 'weight' }
  | { readonly kind: 'sched_class' }
  | { readonly kind: 'string' }
  | { readonly kind: 'enum'; readonly name: string }
  /** Kernel flags that may be combined with each other only: 'scx_enq_flags', 'scx_kick_flags', … */
  | { readonly kind: 'flags'; readonly group: string }
  /** A pointer to a kernel struct that has no type of its own here, e.g. `kvm_vcpu`. */
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'optional'; readonly inner: Type }
  /** Moving average with weight `alpha` (in 1/1024) for the newest sample; reads as `of`. */
  | { readonly kind: 'ewma'; readonly of: Type; readonly alpha: bigint }
  | { readonly kind: 'list'; readonly of: Type; readonly max: number }
  | { readonly kind: 'ring'; readonly of: Type; readonly max: number }
  | { readonly kind: 'tuple'; readonly items: readonly Type[] }
  /** `v.hint`, `v.feedback`: only its fields can be used. */
  | { readonly kind: 'shared'; readonly direction: 'hint' | 'feedback' }
  /** A histogram; of one declared `per` something, the one of an entity. */
  | { readonly kind: 'histogram'; readonly of: Type }
  /** What is kept per entity (or per string) and says something only when indexed: `weights`, of `weights[m]`. */
  | {
      readonly kind: 'map';
      readonly of: 'table' | 'counter' | 'histogram';
      readonly key: Type;
      readonly value: Type;
    }
  | { readonly kind: 'range'; readonly of: Type }
  /** What `for` can walk besides ranges: `cpus(mask)`, `m.vcpus`, `vms`. */
  | { readonly kind: 'sequence'; readonly of: Type }
  /** The type of `none`. */
  | { readonly kind: 'none' }
  | { readonly kind: 'void' }
  /** Something is wrong and has been reported; fits everywhere. */
  | { readonly kind: 'error' };

export const BOOL: Type = { kind: 'bool' };
export const U32: Type = { kind: 'int', bits: 32, signed: false };
export const U64: Type = { kind: 'int', bits: 64, signed: false };
export const S32: Type = { kind: 'int', bits: 32, signed: true };
export const S64: Type = { kind: 'int', bits: 64, signed: true };
export const DURATION: Type = { kind: 'duration' };
export const INSTANT: Type = { kind: 'instant' };
export const VTIME: Type = { kind: 'vtime' };
export const RATIO: Type = { kind: 'ratio' };
export const CPU: Type = { kind: 'cpu' };
export const CPUMASK: Type = { kind: 'cpumask' };
export const TASK: Type = { kind: 'task' };
export const VCPU: Type = { kind: 'vcpu' };
export const VM: Type = { kind: 'vm' };
export const DSQ: Type = { kind: 'dsq' };
export const STRING: Type = { kind: 'string' };
export const VOID: Type = { kind: 'void' };
export const NONE: Type = { kind: 'none' };
export const ERROR: Type = { kind: 'error' };

export const optional = (inner: Type): Type =>
  inner.kind === 'optional' ? inner : { kind: 'optional', inner };

/** The type as the user writes it. */
export function show(type: Type): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 's' : 'u'}${type.bits}`;
    case 'enum':
      return type.name;
    case 'flags':
      return type.group;
    case 'struct':
      return `struct ${type.name}`;
    case 'optional':
      return `${show(type.inner)}?`;
    case 'ewma':
      return `ewma of ${show(type.of)}`;
    case 'list':
    case 'ring':
      return `${type.kind} of ${show(type.of)} max ${type.max}`;
    case 'tuple':
      return `(${type.items.map(show).join(', ')})`;
    case 'shared':
      return `shared ${type.direction}`;
    case 'histogram':
      return `histogram of ${show(type.of)}`;
    case 'map':
      return type.of === 'table'
        ? `table ${show(type.key)} -> ${show(type.value)}`
        : `${type.of} per ${show(type.key)}`;
    case 'range':
      return `range of ${show(type.of)}`;
    case 'sequence':
      return `sequence of ${show(type.of)}`;
    case 'error':
      return '?';
    default:
      return type.kind;
  }
}

/** Are the two types one and the same? */
export function same(a: Type, b: Type): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'int':
      return b.kind === 'int' && a.bits === b.bits && a.signed === b.signed;
    case 'enum':
    case 'struct':
      return b.kind === a.kind && a.name === b.name;
    case 'flags':
      return b.kind === 'flags' && a.group === b.group;
    case 'optional':
      return b.kind === 'optional' && same(a.inner, b.inner);
    case 'ewma':
      return b.kind === 'ewma' && a.alpha === b.alpha && same(a.of, b.of);
    case 'list':
    case 'ring':
      return b.kind === a.kind && a.max === b.max && same(a.of, b.of);
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.items.length === b.items.length &&
        a.items.every((item, i) => same(item, b.items[i] ?? ERROR))
      );
    case 'shared':
      return b.kind === 'shared' && a.direction === b.direction;
    case 'histogram':
    case 'range':
    case 'sequence':
      return b.kind === a.kind && same(a.of, b.of);
    case 'map':
      return b.kind === 'map' && a.of === b.of && same(a.key, b.key) && same(a.value, b.value);
    default:
      return a.kind === b.kind;
  }
}
