import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { parse } from '../../../grammar/parser.ts';
import { emitC } from '../../../server/src/emit/c/index.ts';
import { compileObject, findClang, isClang, type Clang } from '../../../server/src/emit/clang.ts';
import { execution } from '../../../server/src/emit/executor/execute.ts';
import { snapshot } from '../../../server/src/emit/executor/store.ts';
import { selectKernels } from '../../../server/src/kernel/profiles.ts';
import { kernelView } from '../../../server/src/kernel/view.ts';
import { check } from '../../../server/src/semantics/check.ts';
import { findClang as laneClang, lane, onPath } from '../../support/lanes.ts';
import { policy } from '../../support/policy.ts';
import { fakeHost } from '../executor/fake-host.ts';
import { randomPolicy } from './random-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-agreement-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The policy without the lines that the checker refuses: what is random is not always of one mind about types. */
function accepted(text: string): string {
  const { file, diagnostics } = parse(text);
  const model = check(file, kernelView(selectKernels(file, undefined)));
  const errors = [...diagnostics, ...model.diagnostics].filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return text;
  const refused = new Set(errors.map(({ span }) => text.slice(0, span.start).split('\n').length - 1));
  return accepted(
    text
      .split('\n')
      .filter((_, line) => !refused.has(line))
      .join('\n'),
  );
}

/** The state after `on init` as the executor has it: numbers as 64 bits. */
function executed(text: string): ReadonlyMap<string, bigint> {
  const { machine, handlers } = execution(policy(text).program, 'host', fakeHost());
  handlers.find(({ handler }) => handler.hook.family === 'init')?.run();
  const store = machine.stores.get('global');
  const state = (store && snapshot(store, 0)) ?? {};
  return new Map(
    Object.entries(state)
      .filter(([name]) => /^r\d+$/.test(name))
      .map(([name, value]) => [name, BigInt.asUintN(64, BigInt(value as bigint))]),
  );
}

/** The same as the kernel has it, after it has run the program that clang made of the generated C. */
async function ranInKernel(text: string, clang: Clang, runner: string): Promise<ReadonlyMap<string, bigint>> {
  const source = { name: 'agreement.pvpolicy', text };
  const files = emitC(policy(text).program, { sourceName: source.name, source: text });
  const compiled = await compileObject(files, source, clang);
  // clang may well remark that a random number is compared with itself.
  if (compiled.kind !== 'compiled') throw new Error(JSON.stringify(compiled));
  const object = join(folder, 'agreement.bpf.o');
  writeFileSync(object, compiled.objects[0]?.bytes ?? '');
  const output = execFileSync(runner, [object], { encoding: 'utf8', stdio: 'pipe' });
  const types = new Map([...text.matchAll(/^ {4}(r\d+): (\w+)$/gm)].map(([, name, type]) => [name, type]));
  return new Map(
    [...output.matchAll(/^(\w+) ([0-9a-f]+)$/gm)].map(([, name = '', hex = '']) => [
      name,
      number(hex, types.get(name)),
    ]),
  );
}

/** A number of the policy's type from its bytes, the lowest first, as 64 bits. It may be kept wider than it is. */
function number(hex: string, type = 'u64'): bigint {
  const bytes = hex.match(/../g) ?? [];
  const value = BigInt(`0x${bytes.toReversed().join('')}`);
  const [, sign, width = '64'] = /^([us])(\d+)$/.exec(type) ?? [];
  const cut = sign === 's' ? BigInt.asIntN(Number(width), value) : BigInt.asUintN(Number(width), value);
  return BigInt.asUintN(64, cut);
}

/** Fills collections past their ends and keeps what they say. */
const COLLECTIONS = `policy agreement for tracing
tunable start: u64 = 3
state {
    signed_ring: ring of s32 max 5
    ring: ring of u64 max 6
    list: list of u64 max 7
    mean: ewma(1/8) of u64
    signed_mean: ewma(1/4) of s64
    r0: u64
    r1: u64
    r2: s32
    r3: s32
    r4: u64
    r5: u64
    r6: u64
    r7: bool
    r8: bool
    r9: u64
    r10: s64
    r11: u64
    r12: u64
    r13: u64
    r14: s32
    r15: u64
    r16: u64
    r17: u64
    r18: u64
}
fn collatz(n: u64) -> u64 {
    var x = n
    for i in 0..1000 max 1000 {
        if x <= 1 { return i }
        if x % 2 == 0 {
            x /= 2
            continue
        }
        x = x * 3 + 1
    }
    return 1000
}
fn grid(n: u64) -> u64 {
    var sum: u64 = 0
    for i in 2..n max 9 {
        for j in i..i + 4 max 4 {
            match i * j {
                0..9 => { sum += 1 }
                10 | 12 | 20..30 => { sum += i * j }
                _ => break
            }
        }
    }
    return sum
}
on init {
    for i in 0..50 max 50 {
        let x = (i * 7919 + start) % 101
        ring.push(x)
        signed_ring.push(((x as s64) - 50) as s32)
        mean.update(x)
        signed_mean.update((x as s64) - 70)
        if x % 3 == 0 { list.remove(x) }
        list.push(x % 9)
        if i == 20 { list.clear() }
        if list.contains(x) { list.remove(x) }
    }
    r0 = ring.sum
    r1 = ring.avg
    r2 = signed_ring.avg
    r3 = signed_ring.max
    r4 = ring.max
    r5 = ring.len
    r6 = list.len
    r7 = list.contains(start)
    r8 = list.contains(8)
    r9 = mean
    r10 = signed_mean
    r11 = list[0]
    r12 = list[start]
    r13 = list[100]
    r14 = signed_ring.sum
    for x in list { r15 += x * x }
    r16 = collatz(start * 9)
    r17 = grid(start + 5)
    r18 = start < 2 ? 1 : collatz(start) * 1000
}
on tracepoint sched:sched_process_exit(p) { }
`;

/** What the test needs besides clang; the reason where it is missing. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may load programs';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF';
  return onPath('gcc') && existsSync('/usr/include/bpf/libbpf.h')
    ? undefined
    : 'gcc or libbpf is not installed';
}

lane('clang', 'the kernel and the executor', laneClang, (path) => {
  const why = obstacle();
  if (why !== undefined) {
    console.warn(`the kernel is not asked: ${why}`);
    test.skip(`are not compared: ${why}`, () => undefined);
    return;
  }

  const runner = join(folder, 'run');
  const build = [...['-O1', '-Wall', '-o', runner], ...[join(import.meta.dirname, 'run.c'), '-lbpf']];
  beforeAll(() => void execFileSync(onPath('gcc') ?? 'gcc', build));

  it('agree on lists, rings, averages and loops', async () => {
    const clang = await findClang(path);
    if (!isClang(clang)) throw new Error('no clang');
    const found = await ranInKernel(COLLECTIONS, clang, runner);
    expect(found.size).toBeGreaterThan(15);
    const expected = executed(COLLECTIONS);
    for (const [name, value] of found) expect(`${name} = ${expected.get(name)}`).toBe(`${name} = ${value}`);
  });

  it('agree on every number', async () => {
    const clang = await findClang(path);
    if (!isClang(clang)) throw new Error('no clang');
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(randomPolicy.map(accepted), async (text) => {
        const [expected, found] = [executed(text), await ranInKernel(text, clang, runner)];
        compared += found.size;
        for (const [name, value] of found) {
          const statements = text
            .split('\n')
            .filter((line) => line.includes(`    ${name} `))
            .join('\n');
          expect(`${value} from\n${statements}`).toBe(`${expected.get(name)} from\n${statements}`);
        }
      }),
      { numRuns: Number(process.env['AGREEMENT_RUNS'] ?? 6), endOnFailure: true },
    );
    expect(compared).toBeGreaterThan(40);
  });
});
