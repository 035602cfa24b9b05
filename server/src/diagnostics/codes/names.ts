import { error, warning } from '../entry.ts';

/** ` Did you mean 'x'?`, or nothing. */
const meant = (name: string | undefined): string => (name === undefined ? '' : `; did you mean '${name}'?`);

interface Unknown {
  readonly name: string;
  /** The nearest name that there is. */
  readonly near: string | undefined;
}

/** PV2xxx: a name does not mean what it is used for. */
export const NAMES = {
  PV2001: error<Unknown>('unknown name', (a) => `nothing here is called '${a.name}'${meant(a.near)}`),
  PV2002: error<{ name: string; what: string }>(
    'declared twice',
    (a) => `'${a.name}' is already the name of ${a.what}; names are declared once`,
  ),
  PV2003: error<{ name: string; what: string }>(
    'reserved name',
    (a) => `'${a.name}' is the name of ${a.what}; choose another`,
  ),
  PV2004: error<Unknown>('unknown type', (a) => `there is no type '${a.name}'${meant(a.near)}`),
  PV2005: error<Unknown & { kernel: string; hint: string }>(
    'unknown function',
    (a) =>
      `there is no function, action or kernel call '${a.name}' (kernel ${a.kernel})${a.hint === '' ? meant(a.near) : `; ${a.hint}`}`,
  ),
  PV2006: error<Unknown & { of: string; hint: string }>(
    'unknown member',
    (a) => `${a.of} has no member '${a.name}'${a.hint === '' ? meant(a.near) : `; ${a.hint}`}`,
  ),
  PV2007: error<Unknown>(
    'unknown target',
    (a) => `'${a.name}' is no target${meant(a.near) || '; a policy is for pvsched, tracing or sched_ext'}`,
  ),
  PV2008: error<Unknown & { family: string; kernel: string }>(
    'unknown hook',
    (a) => `kernel ${a.kernel} has no ${a.family} '${a.name}'${meant(a.near)}`,
  ),
  PV2009: error<{ name: string; written: string; right: string }>(
    'wrong tracepoint system',
    (a) => `the tracepoint '${a.name}' belongs to '${a.right}', not to '${a.written}'`,
  ),
  PV2010: error<{ what: string; where: string; way: string }>(
    'hook not of this target',
    (a) => `${a.what} cannot be used in ${a.where}; ${a.way}`,
  ),
  PV2011: error<{ hook: string }>(
    'hook handled twice',
    (a) => `'${a.hook}' already has a handler; put both into one`,
  ),
  PV2012: error<{ name: string; reason: string }>(
    'kernel call not for policies',
    (a) => `a policy cannot call '${a.name}': ${a.reason}`,
  ),
  PV2013: error<{ hook: string; count: number; kernel: string }>(
    'too many parameters',
    (a) =>
      `'${a.hook}' passes ${a.count === 0 ? 'no arguments' : a.count === 1 ? '1 argument' : `${a.count} arguments`} (${a.kernel}); leave out the rest`,
  ),
  PV2014: error<{ what: string; targets: string; target: string }>(
    'not on this target',
    (a) => `${a.what} exists only on ${a.targets}; this policy is for ${a.target}`,
  ),
  PV2015: error<{ what: string; way: string }>(
    'given twice',
    (a) => `'${a.what}' is there already; ${a.way}`,
  ),
  PV2016: error<{ what: string; way: string }>('not on this side', (a) => `${a.what}; ${a.way}`),
  PV2017: warning<{ name: string; what: string }>(
    'unused variable',
    (a) => `the ${a.what} '${a.name}' is never read; remove it, or call it '_${a.name}' if that is meant`,
  ),
  PV2018: warning<{ name: string; what: string }>(
    'unused declaration',
    (a) => `${a.what} '${a.name}' is never used; remove it`,
  ),
  PV2019: warning<{ name: string; struct: string }>(
    'state hides a kernel field',
    (a) =>
      `the state field '${a.name}' hides the kernel's field of that name in struct ${a.struct}; choose another name`,
  ),
  PV2020: error<Unknown & { callee: string }>(
    'unknown argument name',
    (a) => `'${a.callee}' has no parameter '${a.name}'${meant(a.near)}`,
  ),
  PV2021: error<{ name: string }>(
    'defined by itself',
    (a) => `the value of '${a.name}' depends on itself; give it a value of its own`,
  ),
  PV2022: error<{ name: string; chain: string }>(
    'recursion',
    (a) => `'${a.name}' calls itself (${a.chain}); BPF has no recursion: use a loop with a bound`,
  ),
  PV2023: error<{ name: string; what: string; way: string }>(
    'not a value',
    (a) => `'${a.name}' is ${a.what}, not a value; ${a.way}`,
  ),
  PV2024: error<{ word: string }>(
    'outside of a loop',
    (a) => `'${a.word}' is possible inside of a loop only`,
  ),
  PV2025: error<{ name: string; what: string }>(
    'not a function',
    (a) => `'${a.name}' is ${a.what} and cannot be called`,
  ),
  PV2026: error<{ name: string; where: string }>(
    'not in this place',
    (a) => `'${a.name}' is possible in ${a.where} only`,
  ),
  PV2027: error<Unknown>(
    'unknown metric',
    (a) => `there is no metric, counter or histogram '${a.name}'${meant(a.near)}`,
  ),
  PV2028: error<Unknown>(
    'unknown VM',
    (a) =>
      `this scenario names no VM '${a.name}'${meant(a.near) || `; add a line: vm ${a.name} = comm "\u2026"`}`,
  ),
  PV2029: error<Unknown>(
    'unknown baseline',
    (a) =>
      `there is no baseline '${a.name}'${meant(a.near) || '; there are eevdf, pinned, and any policy file: "other.pvpolicy"'}`,
  ),
  PV2030: error<Unknown>(
    'unknown event',
    (a) =>
      `'${a.name}' is no handler of this policy, and no event of pvsched or tracepoint of the kernel${meant(a.near)}`,
  ),
  PV2031: error<{ what: string }>(
    'not allowed in guest',
    (a) => `${a.what} cannot stand in 'guest { }'; move it out`,
  ),
  PV2032: error<Unknown & { what: string }>(
    'unknown param or table',
    (a) => `there is no ${a.what} '${a.name}'${meant(a.near)}`,
  ),
  PV2033: error<Unknown>(
    'unknown order',
    (a) => `a dsq cannot be '${a.name}'${meant(a.near) || '; it is fifo or vtime'}`,
  ),
  PV2034: error<{ name: string; struct: string; reason: string }>(
    'field that cannot be read',
    (a) =>
      `the kernel's 'struct ${a.struct}' has '${a.name}', which cannot be read here: ${a.reason}; a policy reads numbers, booleans, enums and pointers to structs`,
  ),
  PV2035: error<{ name: string; most: number }>(
    'calls nested too deep',
    (a) =>
      `'${a.name}' is called ${a.most} functions deep; BPF could not run that: let functions do more themselves`,
  ),
};
