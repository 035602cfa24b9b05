import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LineIndex } from '../../grammar/text.ts';
import { compileObject, findClang, isClang, writeFiles, type Clang } from '../../server/src/emit/clang.ts';
import { parseClang, passesLimit } from '../../server/src/emit/clang-messages.ts';
import { objectDiagnostics } from '../../server/src/emit/object-diagnostics.ts';
import { findClang as laneClang, lane } from '../support/lanes.ts';
import { SAMPLES, sample } from './c/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-clang-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that stands for a compiler. */
function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('finding clang', () => {
  it('says which names it tried where there is none', async () => {
    const found = await findClang('no-such-clang');
    expect(found).toEqual({ kind: 'no-clang', tried: ['no-such-clang'] });
  });

  it('says why a program cannot be used', async () => {
    const path = script('not-clang', 'echo "I compile nothing" >&2; exit 1');
    expect(await findClang(path)).toEqual({ kind: 'unusable', path, reason: 'I compile nothing' });
  });

  it('reads the version', async () => {
    const path = script('vendor-clang', 'echo "Vendor clang version 19.1.7 (1)"');
    expect(await findClang(path)).toEqual({ path, version: '19.1.7' });
  });
});

describe('what clang says', () => {
  it('of a stack that is too small is told once, at the line that its note names', () => {
    const said = `p.bpf.c:57:14: error: Looks like the BPF stack limit is exceeded. Please move large on stack variables
   57 | int BPF_PROG(on_sched_switch, bool preempt)
      |              ^
p.bpf.c:57:14: note: could not determine the original source location for p.pvpolicy:2:8
`;
    const unplaced = said.replace(':2:8', ':0:0');
    const messages = parseClang(said + said + unplaced);
    const outcome = { kind: 'rejected', messages, log: '' } as const;
    const found = objectDiagnostics(outcome, 'p.pvpolicy', new LineIndex('one\ntwo\nthree\n'));
    expect(found).toMatchObject([{ code: 'PV6004', span: { start: 4, end: 7 } }]);
  });

  it('becomes messages, of the policy where it is meant', () => {
    const output = `a.pvpolicy:12:3: error: use of undeclared identifier 'x'
   12 |   x = 1
      |   ^
a.bpf.c:40:1: warning: unused function 'f' [-Wunused-function]
a.h:1:1: fatal error: too many errors
2 errors generated.`;
    expect(parseClang(output)).toEqual([
      {
        file: 'a.pvpolicy',
        line: 12,
        column: 3,
        severity: 'error',
        text: "use of undeclared identifier 'x'",
      },
      {
        file: 'a.bpf.c',
        line: 40,
        column: 1,
        severity: 'warning',
        text: "unused function 'f' [-Wunused-function]",
      },
      { file: 'a.h', line: 1, column: 1, severity: 'error', text: 'too many errors' },
    ]);
  });

  it.each([
    ['Looks like the BPF stack limit is exceeded. Please move large on stack variables', 'stack'],
    ['stack arguments are not supported', 'arguments'],
    ["use of undeclared identifier 'x'", undefined],
  ])('%s', (text, limit) => {
    expect(passesLimit({ file: '', line: 1, column: 1, severity: 'error', text })).toBe(limit);
  });
});

const stub = (path: string): Clang => ({ path, version: '0' });

describe('compiling', () => {
  const { files, policy } = sample('spin_guard');

  it('ends a compiler that does not end', async () => {
    const slow = script('slow-clang', 'exec sleep 60');
    expect(await compileObject(files, policy, stub(slow), 200)).toEqual({ kind: 'timeout', seconds: 0.2 });
  });

  it('tells a missing header from a mistake', async () => {
    const bare = script(
      'bare-clang',
      `echo "x.bpf.c:9:10: fatal error: 'bpf/bpf_helpers.h' file not found" >&2; exit 1`,
    );
    expect(await compileObject(files, policy, stub(bare))).toMatchObject({
      kind: 'no-header',
      header: 'bpf/bpf_helpers.h',
    });
  });

  it('shows the compiler the policy under its own name', async () => {
    const curious = script('curious-clang', 'cat spin_guard.pvpolicy >spin_guard.bpf.o');
    const compiled = await compileObject(files, policy, stub(curious));
    expect(compiled.kind === 'compiled' && new TextDecoder().decode(compiled.objects[0]?.bytes)).toBe(
      policy.text,
    );
  });

  it('writes files and objects side by side', async () => {
    const out = join(folder, 'new', 'out');
    const paths = await writeFiles(out, [
      ...files,
      { name: 'spin_guard.bpf.o', bytes: new Uint8Array([1, 2]) },
    ]);
    expect(paths).toContain(join(out, 'Makefile'));
    expect([...readFileSync(join(out, 'spin_guard.bpf.o'))]).toEqual([1, 2]);
  });
});

lane('clang', 'the C of every sample', laneClang, (path) => {
  const clang = async (): Promise<Clang> => {
    const found = await findClang(path);
    if (!isClang(found)) throw new Error(`${path} is no clang`);
    return found;
  };

  it.each(SAMPLES)('$name compiles without a warning', async ({ files, policy, program, name }) => {
    const compiled = await compileObject(files, policy, await clang());
    expect(compiled).toMatchObject({ kind: 'compiled', messages: [] });
    if (compiled.kind !== 'compiled') return;
    const names = program.guest ? [`${name}.bpf.o`, `${name}.guest.bpf.o`] : [`${name}.bpf.o`];
    expect(compiled.objects.map((object) => object.name)).toEqual(names);
    for (const { bytes } of compiled.objects) expect(Buffer.from(bytes).includes(tmpdir())).toBe(false);
  });

  it('gives the same bytes again', async () => {
    const { files, policy } = sample('vm_share');
    const [one, two] = [
      await compileObject(files, policy, await clang()),
      await compileObject(files, policy, await clang()),
    ];
    expect(one).toEqual(two);
  });

  it('names the line of the policy where clang finds a mistake', async () => {
    const { files, policy } = sample('spin_guard');
    const broken = files.map((file) => ({
      ...file,
      text: file.text.replace('v->last_halt = ', 'v->no_such_field = '),
    }));
    const compiled = await compileObject(broken, policy, await clang());
    const line = policy.text.split('\n').findIndex((text) => text.includes('v.last_halt = now()')) + 1;
    expect(compiled).toMatchObject({
      kind: 'rejected',
      messages: [{ file: 'spin_guard.pvpolicy', line, severity: 'error' }],
    });
  });
});
