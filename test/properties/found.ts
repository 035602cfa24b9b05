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
  // What a narrow number was divided by left it narrow in C, and the product and the shift were of 32 bits.
  found(
    'state {\n    n: u32\n}\nfn write() -> u64 {\n    n = 4000000000\n    return 0\n}\nfn product() -> u64 {\n    return n / 3 * n\n}\nfn shifted() -> u64 {\n    return n / 3 << 40\n}',
    ['write', 'product', 'shifted'],
    [['write'], ['product'], ['shifted']],
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
  // Another name for a mask that the policy made.
  found(
    'fn same() -> u64 {\n    let m = cpus(0, 1)\n    let n = m\n    return n.count\n}',
    ['same'],
    [['same']],
  ),
  // CPUs that the machine cannot have are in no mask.
  found('fn all() -> u64 {\n    return (cpus(0..900) ^ cpus(0)).count\n}', ['all'], [['all']]),
  // The thread of a vCPU may be gone: one of two masks, and a mask to pin to.
  found(
    'fn chosen() -> u64 {\n    if let v = vcpu(current()) {\n        return (~(current().pid > 0 ? v.task.cpus_ptr : current().cpus_ptr)).count\n    }\n    return 99\n}\nfn pinned() -> u64 {\n    if let v = vcpu(current()) { defer pin(v, v.task.cpus_ptr) }\n    return 1\n}',
    ['chosen', 'pinned'],
    [['chosen'], ['pinned']],
  ),
  // A variable right behind the label of an arm; and a truth value as the subject.
  found(
    'fn arm() -> u64 {\n    match (this_cpu() == this_cpu()) as s64 {\n        1 => {\n            for m in vms max 2 { log "{m}" }\n            return 1\n        }\n        _ => { return 2 }\n    }\n}',
    ['arm'],
    [['arm']],
  ),
  // Tests of one CPU, and of none.
  found(
    'fn one() -> u64 {\n    if cpus(0).has(this_cpu()) { return 1 }\n    return 2\n}\nfn none_() -> u64 {\n    if (cpus(1) & cpus(2..5)).has(this_cpu()) { return 1 }\n    return 2\n}',
    ['one', 'none_'],
    [['one'], ['none_']],
  ),
  // What a loop returns that holds a reference.
  found(
    'state {\n    l: list of u32 max 3\n}\nfn held() -> u64 {\n    for i in 0..4 {\n        for x in l {\n            if let v = vcpu(current()) {\n                if v.task.comm == "first" { return 7 + (x as u64) }\n            }\n        }\n        l.push(i as u32)\n    }\n    return 1\n}',
    ['held'],
    [['held'], ['held']],
  ),
  // A request two blank lines below: of the line that asks.
  found(
    'fn asks() -> u64 {\n    log "x"\n\n\n    defer set_nice(current(), 3)\n    return 1\n}',
    ['asks'],
    [['asks']],
  ),
  // A negation that is compared; and a subject with less room than its labels.
  found(
    'param few: u8 = 3\nfn negated() -> u64 {\n    if (vcpu(current()) == none) == true { return 1 }\n    return 2\n}\nfn label() -> u64 {\n    match few as u64 {\n        1000..6000 => { return 1 }\n        _ => { return 2 }\n    }\n}',
    ['negated', 'label'],
    [['negated'], ['label']],
  ),
  // A reference that clang kept as a flag in the slot of a key: the verifier forgot that it was put back.
  found(
    'table tab: cpu -> u64 = 9\nfn f(x: u64) -> u64 {\n    if let v = current_vcpu() { return tab[this_cpu()] + x }\n    return x\n}\nfn slot() -> u64 {\n    return f(((current().cpus_ptr & current().cpus_ptr) | cpus(1)).count)\n}',
    ['slot'],
    [['slot']],
  ),
  // One of two masks that may be missing, beside a mask that is made: chosen twice, and once for nothing.
  found(
    'fn twice() -> u64 {\n    let m = current().cpus_ptr & cpus(0..1)\n    return ((~cpus(2..5)) ^ (m.empty ? m : current().cpus_ptr)).count\n}',
    ['twice'],
    [['twice']],
  ),
];
