import type { Choices } from './random-choices.ts';
import { SCALARS, type Callable, type Named, type Scalar, type Scope } from './random-policy-expressions.ts';
import { namedThings } from './random-policy-things.ts';

/** Whose state and metrics are kept; '' are those of the policy. */
export const OWNERS = ['', 'task', 'cpu', 'vcpu', 'vm'] as const;
export type Owner = (typeof OWNERS)[number];

/** A field of state, or a metric. */
export interface Stored {
  readonly owner: Owner;
  readonly name: string;
  readonly kind: 'scalar' | 'ewma' | 'list' | 'ring' | 'counter' | 'histogram' | 'mask' | 'hint';
  readonly type: Scalar;
  /** Of a list or ring: its room. */
  readonly max: number;
}

/** What is stored for one owner, as statements reach it. */
export interface Field extends Stored {
  /** With its owner: `current().f2`, `count0[v.vm]`. */
  readonly text: string;
}

const AVERAGED: readonly Scalar[] = [
  'u64', 'duration', 'ratio', 'u8', 'u16', 'u32', 's64', 's8', 's16', 's32',
]; // prettier-ignore
const LISTED: readonly Scalar[] = ['u64', 'duration', 'Mode', 'u8', 'u16', 'u32', 's64', 's8', 's16', 's32'];
const COUNTED: readonly Scalar[] = ['duration', 'u64', 'u32', 'ratio'];

const PREFIX: Readonly<Record<Owner, string>> = { '': 'g', task: 't', cpu: 'c', vcpu: 'k', vm: 'm' };

/** The state that is kept for an owner, of these types; `prefix` begins the names of its fields. */
export function stateFrom(
  c: Choices,
  owner: Owner,
  most: number,
  prefix = PREFIX[owner],
  scalars: readonly Scalar[] = SCALARS,
): Stored[] {
  return Array.from({ length: c.below(most) }, (_, i): Stored => {
    const kind = c.pick(['scalar', 'scalar', 'scalar', 'ewma', 'list', 'ring', 'mask'] as const);
    const types = kind === 'scalar' ? scalars : kind === 'list' ? LISTED : AVERAGED;
    return { owner, name: `${prefix}${i}`, kind, type: c.pick(types), max: 1 + c.below(5) };
  });
}

/** The declaration of an owner's state. */
export function stateText(owner: Owner, fields: readonly Stored[]): string {
  if (fields.length === 0) return '';
  const lines = fields.map(({ name, kind, type, max }) => {
    switch (kind) {
      case 'ewma':
        return `    ${name}: ewma(1/${2 ** max}) of ${type}`;
      case 'list':
      case 'ring':
        return `    ${name}: ${kind} of ${type} max ${max}`;
      case 'mask':
        return `    ${name}: cpumask`;
      default:
        return `    ${name}: ${type}`;
    }
  });
  return `state${owner === '' ? '' : ` ${owner}`} {\n${lines.join('\n')}\n}`;
}

/** Counters and histograms of the host. */
export function metricsFrom(c: Choices): readonly Stored[] {
  return Array.from({ length: c.below(4) }, (_, i): Stored => {
    const counter = !c.flip();
    const owner = c.pick(OWNERS);
    return counter
      ? { owner, name: `count${i}`, kind: 'counter', type: 'u64', max: 0 }
      : { owner, name: `waits${i}`, kind: 'histogram', type: c.pick(COUNTED), max: 0 };
  });
}

export const metricsText = (metrics: readonly Stored[]): string =>
  metrics
    .map(({ owner, name, kind, type }) => {
      const per = owner === '' ? '' : ` per ${owner}`;
      return kind === 'counter' ? `counter ${name}${per}` : `histogram ${name}: ${type}${per}`;
    })
    .join('\n');

const isMetric = ({ kind }: Stored): boolean => kind === 'counter' || kind === 'histogram';

/** What is stored, for each owner that can be named here; with `only`, for that one. */
export function fieldsOf(stored: readonly Stored[], scope: Scope, only?: string): Field[] {
  return stored.flatMap((one): Field[] => {
    if (one.owner === '') return only === undefined ? [{ ...one, text: one.name }] : [];
    const owners = namedThings(scope, one.owner).filter(
      (owner) => only === undefined || owner.startsWith(only),
    );
    return owners.map((owner) => ({
      ...one,
      text: isMetric(one) ? `${one.name}[${owner}]` : `${owner}.${one.name}`,
    }));
  });
}

/** What fields can be read as. */
export function readings(fields: readonly Field[]): Named[] {
  return fields.flatMap(({ text, kind, type }): Named[] => {
    switch (kind) {
      case 'scalar':
      case 'counter':
        return [{ text, type }];
      case 'ewma':
        // An average of numbers and a number of fewer bits have no common type.
        return [{ text: /^[us]\d/.test(type) ? `(${text} as ${type})` : text, type }];
      case 'list':
        return [
          { text: `${text}.len`, type: 'u64' },
          ...['0', '1', '300'].map((i) => ({ text: `${text}[${i}]`, type })),
        ];
      case 'ring':
        return [
          { text: `${text}.len`, type: 'u64' },
          ...['sum', 'avg', 'max'].map((m) => ({ text: `${text}.${m}`, type })),
        ];
      case 'mask':
        return [
          { text: `(${text}.count as u64)`, type: 'u64' },
          ...['0', '1', '3'].map((cpu) => ({ text: `${text}.has(${cpu})`, type: 'bool' as const })),
        ];
      case 'hint':
        return bounded(text, type);
      case 'histogram':
        return [];
    }
  });
}

/** What a policy may take a hint for, whose value the guest may have made up: a choice, or what it bounds itself. */
function bounded(text: string, type: Scalar): Named[] {
  switch (type) {
    case 'bool':
      return [{ text, type }];
    case 'Mode':
      return [{ text: `(${text} == Mode.busy)`, type: 'bool' }];
    case 'duration':
      return [
        { text: `min(${text}, 3ms)`, type },
        { text: `(${text} > 1us)`, type: 'bool' },
      ];
    case 'ratio':
      return [{ text: `clamp(${text}, 10%, 90%)`, type }];
    default:
      return [
        { text: `min(${text}, 7)`, type: /^s\d/.test(type) ? 's64' : 'u64' },
        { text: `((${text} as u64) & 255)`, type: 'u64' },
        { text: `((${text} as u64) % 9)`, type: 'u64' },
        { text: `(${text} != 3)`, type: 'bool' },
      ];
  }
}

/** A function that reads one thing that is kept, of the owner that it is given. */
export interface Reader extends Callable {
  readonly text: string;
}

/** Readers of all that is stored, whose names begin with `prefix`. */
export function readersOf(stored: readonly Stored[], prefix = 'read'): Reader[] {
  const all = stored.flatMap((one) => {
    const params = one.owner === '' ? [] : [{ text: 'p0', type: one.owner }];
    const text =
      isMetric(one) && one.owner !== '' ? `${one.name}[p0]` : `${one.owner === '' ? '' : 'p0.'}${one.name}`;
    return readings([{ ...one, text }]).map((reading) => ({ ...reading, params }));
  });
  return all.map(({ text, type, params }, i) => {
    const name = `${prefix}${i}`;
    const head = params.map((param) => `${param.text}: ${param.type}`).join(', ');
    return { name, params, result: type, text: `fn ${name}(${head}) -> ${type} {\n    return ${text}\n}` };
  });
}
