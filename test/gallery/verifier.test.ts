import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, test } from 'vitest';
import { compileObject, findClang, isClang, writeFiles } from '../../server/src/emit/clang.ts';
import { emitC } from '../../server/src/emit/c/index.ts';
import { findClang as laneClang, lane } from '../support/lanes.ts';
import { load, obstacle } from '../support/verifier.ts';
import { GALLERY, type Entry } from './gallery.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-gallery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles the policy and gives the folder with its objects. Warnings are errors there. */
async function compiled({ file, snapshot }: Entry): Promise<string> {
  const clang = await findClang(laneClang());
  if (!isClang(clang)) throw new Error('no clang');
  if (!snapshot.program) throw new Error('not lowered');
  const policy = { name: file, text: snapshot.text };
  const files = emitC(snapshot.program, { sourceName: file, source: snapshot.text });
  const result = await compileObject(files, policy, clang);
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result));
  const out = join(folder, file);
  await writeFiles(out, [...files, ...result.objects]);
  return out;
}

const tracing = GALLERY.filter(({ snapshot }) => snapshot.program?.target === 'tracing');
const others = GALLERY.filter((entry) => !tracing.includes(entry));

lane('clang', 'the gallery', laneClang, () => {
  it.each(others)('$file compiles without a warning', async (entry) => {
    await compiled(entry);
  });

  const why = obstacle();
  if (why !== undefined) {
    console.warn(`the verifier is not asked: ${why}`);
    test.skipIf(process.env['CI'] !== 'true')('is accepted by the verifier', () => {
      throw new Error(why);
    });
    return;
  }
  it.each(tracing)('$file is accepted by the verifier of this kernel', async (entry) => {
    const out = await compiled(entry);
    const name = entry.snapshot.program?.name ?? '';
    expect(load(join(out, `${name}.bpf.o`))).toBe('accepted');
    if (entry.snapshot.program?.guest) expect(load(join(out, `${name}.guest.bpf.o`))).toBe('accepted');
  });
});
