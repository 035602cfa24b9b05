import { error, warning } from '../entry.ts';

interface Mismatch {
  /** What the value is for: 'the argument 'slice'', 'the condition'. */
  readonly what: string;
  readonly found: string;
  readonly wanted: string;
}

const count = (n: number, noun: string): string => `${n === 0 ? 'no' : n} ${noun}${n === 1 ? '' : 's'}`;

/** PV3xxx: values of different kinds are mixed. */
export const TYPES = {
  PV3001: error<Mismatch & { readonly way?: string }>(
    'wrong type',
    (a) => `${a.what} must be ${a.wanted}, but this is ${a.found}${a.way === undefined ? '' : `; ${a.way}`}`,
  ),
  PV3002: error<{ op: string; left: string; right: string; why: string | undefined }>(
    'operator does not apply',
    (a) => `'${a.op}' does not go with ${a.left} and ${a.right}${a.why === undefined ? '' : `: ${a.why}`}`,
  ),
  PV3003: error<{ left: string; right: string }>(
    'signed and unsigned mixed',
    (a) => `${a.left} and ${a.right} do not mix: one has a sign, the other has none; convert one with 'as'`,
  ),
  PV3004: error<{ found: string; text: string }>(
    'may be absent',
    (a) => `this is ${a.found}: it may be absent; test it first: 'if let x = ${a.text} { \u2026 }'`,
  ),
  PV3005: error<{ what: string; found: string; wanted: string }>(
    'value would be cut',
    (a) => `${a.what} is ${a.wanted}, too narrow for ${a.found}; cut it on purpose with 'as ${a.wanted}'`,
  ),
  PV3006: error<{ value: string; type: string; lo: string; hi: string }>(
    'number out of range',
    (a) => `${a.value} is no ${a.type}; it goes from ${a.lo} to ${a.hi}`,
  ),
  PV3007: error<{ found: string; way: string }>(
    'no truth value',
    (a) => `a condition must be bool, but this is ${a.found}; ${a.way}`,
  ),
  PV3008: error<{ from: string; to: string; way: string | undefined }>(
    'cast not possible',
    (a) => `${a.from} cannot be cast to ${a.to}${a.way === undefined ? '' : `; ${a.way}`}`,
  ),
  PV3009: error<{ callee: string; wanted: string; found: number }>(
    'wrong number of arguments',
    (a) => `'${a.callee}' takes ${a.wanted}, but gets ${count(a.found, 'argument')}`,
  ),
  PV3010: error<{ what: string }>('not constant', (a) => `${a.what} must be known at compile time`),
  PV3011: error<{ lo: string; hi: string }>(
    'empty range',
    (a) => `nothing lies between ${a.lo} and ${a.hi}; swap them`,
  ),
  PV3012: error<{ name: string; value: string; lo: string; hi: string }>(
    'value outside its range',
    (a) => `${a.value} is not within the range of '${a.name}', ${a.lo} to ${a.hi}`,
  ),
  PV3013: warning<{ op: string; gives: string }>(
    'division by zero',
    (a) => `this divides by zero; in BPF the result is ${a.gives}`,
  ),
  PV3014: warning<{ divisor: string; gives: string; one: string }>(
    'divisor may be zero',
    (a) =>
      `'${a.divisor}' may be zero, and then the result is ${a.gives}; test it first, or divide by max(${a.divisor}, ${a.one})`,
  ),
  PV3015: error<{ name: string; what: string; way: string }>(
    'cannot be changed',
    (a) => `'${a.name}' is ${a.what} and cannot be changed; ${a.way}`,
  ),
  PV3016: error<{ what: string; way: string }>(
    'not to be written',
    (a) => `${a.what} cannot be written; ${a.way}`,
  ),
  PV3017: warning<{ found: string }>(
    'never absent',
    (a) => `this is ${a.found}, which is never absent; the test is not needed`,
  ),
  PV3018: warning<{ place: string; way: string }>(
    'lost update',
    (a) => `several CPUs may change '${a.place}' at once, and this would lose one of the changes; ${a.way}`,
  ),
  PV3019: error<{ why: string }>('loop without a bound', (a) => `${a.why}; say how often at most: 'max N'`),
  PV3020: error<{ found: string }>(
    'nothing to walk',
    (a) => `'for' cannot walk ${a.found}; it walks a range a..b, cpus(\u2026), m.vcpus, vms, a list or a dsq`,
  ),
  PV3021: error<{ label: string; wanted: string }>(
    'result missing',
    (a) => `${a.label} must give ${a.wanted}, but reaches its end without 'return'`,
  ),
  PV3022: error<{ label: string; problem: string }>('wrong return', (a) => `${a.label} ${a.problem}`),
  PV3023: warning<{ after: string }>(
    'never reached',
    (a) => `this is never reached: it stands after '${a.after}'`,
  ),
  PV3024: warning('pattern repeated', () => 'earlier patterns have all of this already; it never matches'),
  PV3025: warning<{ missing: string }>(
    'not all cases',
    (a) => `nothing happens for ${a.missing}; add the cases, or '_ => { }' if that is meant`,
  ),
  PV3026: error<{ found: string }>(
    'nothing to match',
    (a) => `'match' cannot tell values of ${a.found} apart`,
  ),
  PV3027: error<{ found: string }>(
    'nothing to defer',
    (a) => `'defer' takes an action, such as boost or kick, but this is ${a.found}`,
  ),
  PV3028: warning('no effect', () => 'the value is computed and thrown away; use it, or remove it'),
  PV3029: error<{ what: string }>(
    'the guest decides',
    (a) => `${a.what} comes from the guest unchecked; bound it first with clamp() or min()`,
  ),
  PV3030: error<{ name: string; way: string }>('whose value', (a) => `'${a.name}' ${a.way}`),
  PV3031: error<{ name: string }>(
    'average assigned',
    (a) => `'${a.name}' is a moving average; give it a sample with '.update(x)'`,
  ),
  PV3032: error<{ type: string; where: string; way: string }>(
    'type not possible here',
    (a) => `${a.type} cannot be ${a.where}; ${a.way}`,
  ),
  PV3033: error<{ type: string }>(
    'state starts empty',
    (a) => `state starts zeroed, and there is no ${a.type} zero; make it '${a.type}?'`,
  ),
  PV3034: error<{ names: number; found: string }>(
    'wrong number of names',
    (a) => `${count(a.names, 'name')} for ${a.found}`,
  ),
  PV3035: error<{ count: string }>(
    'shift too wide',
    (a) => `a shift by ${a.count} has no meaning; 0 to 63 are possible`,
  ),
  PV3036: error<{ name: string; problem: string }>('method or member', (a) => `'${a.name}' ${a.problem}`),
  PV3037: error<{ value: string; wanted: string; example: string }>(
    'number without a unit',
    (a) => `a bare number is no ${a.wanted}; write ${a.example}`,
  ),
  PV3038: error<{ left: string; right: string }>(
    'flags of different kinds',
    (a) => `${a.left} and ${a.right} are different kinds; they cannot be combined or compared`,
  ),
  PV3039: error<{ problem: string }>('baseline misused', (a) => `'baseline' ${a.problem}`),
  PV3040: error<{ member: string; other: string; value: string }>(
    'enum value given twice',
    (a) => `'${a.member}' has the value ${a.value}, which '${a.other}' has already`,
  ),
  PV3041: error<{ field: string; type: string }>(
    'assumption without a value',
    (a) => `say which value '${a.field}' (${a.type}) takes: 'assume ${a.field} = \u2026'`,
  ),
  PV3042: error<{ metric: string }>(
    'statistic missing',
    (a) => `'${a.metric}' is measured many times; say what of it counts, such as p99(${a.metric} \u2026)`,
  ),
  PV3043: error<{ found: string }>('nothing to print', (a) => `'log' cannot print ${a.found}`),
  PV3044: error<{ what: string; lo: number; hi: number }>(
    'size out of range',
    (a) => `${a.what} must be between ${a.lo} and ${a.hi}`,
  ),
  PV3045: error('nested too deeply', () => 'this is nested too deeply to be checked; take it apart'),
  PV3046: error<{ name: string; callee: string }>(
    'argument without its name',
    (a) => `'${a.callee}' wants this argument by its name: '${a.name}: \u2026'`,
  ),
};
