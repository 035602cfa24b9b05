import type { Callable } from '../support/random-policy-expressions.ts';
import type { Call } from './agreement.ts';

/** A policy that was once compiled to something else than it says, as small as it got, with calls that show it. */
export interface Found {
  readonly text: string;
  readonly functions: readonly Callable[];
  readonly readers: readonly Callable[];
  readonly calls: readonly Call[];
}

function found(
  declarations: string,
  names: readonly string[],
  calls: readonly (readonly [string, bigint?])[],
): Found {
  const uses = names.map((name) => (name === 'of' ? 'let x = of(1)' : `let ${name}_ = ${name}()`)).join('\n');
  return {
    text: `policy random for tracing\n${declarations}\non tracepoint sched:sched_switch(preempt) {\n${uses}\n}\n`,
    functions: names.map((name) => ({ name, params: [], result: 'u64' })),
    readers: [],
    calls: calls.map(([name, argument]) => ({ name, args: argument === undefined ? [] : [argument] })),
  };
}

export const FOUND: readonly Found[] = [
  // Taken apart by clang, the state had a size that the kernel refused.
  found(
    'state {\n    a: ewma(1/8) of duration\n    b: u64\n}\nfn read() -> u64 {\n    return a as u64\n}\nfn write() -> u64 {\n    b += 1\n    return 0\n}',
    ['read', 'write'],
    [['write'], ['read']],
  ),
  // The bound of a loop between constants.
  found(
    'fn rounds() -> u64 {\n    var n: u64 = 0\n    for i in 2..4294967296 max 3 {\n        n += i\n    }\n    return n\n}',
    ['rounds'],
    [['rounds']],
  ),
  // Zero is no element of an empty list.
  found(
    'state {\n    l: list of u32 max 2\n}\nfn take() -> u64 {\n    l.remove(0)\n    return l.len\n}',
    ['take'],
    [['take'], ['take']],
  ),
  // An unsigned number as a signed subject.
  found(
    'state {\n    l: list of u32 max 2\n}\nfn of(x: u32) -> u64 {\n    l.push(x)\n    match l.len as s64 {\n        -10..1 => { return 7 }\n        _ => { return 8 }\n    }\n}',
    ['of'],
    [
      ['of', 5n],
      ['of', 6n],
    ],
  ),
  // The sum of small numbers has their width.
  found(
    'state {\n    r: ring of u8 max 4\n}\nfn sum() -> u64 {\n    r.push(200)\n    return r.sum\n}\nfn mean() -> u64 {\n    return r.avg\n}',
    ['sum', 'mean'],
    [['sum'], ['sum'], ['mean']],
  ),
];
