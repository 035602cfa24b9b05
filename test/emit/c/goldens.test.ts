import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emitC } from '../../../server/src/emit/c/index.ts';
import { SAMPLES, type Sample } from './samples.ts';

const update = process.env['UPDATE_GOLDEN'] === '1';

/** Agents are long and much alike: those of three samples, which between them use every part, stand for all. */
const isKept = (sample: Sample, file: string): boolean =>
  file !== `${sample.name}.c` || ['spin_guard', 'kitchen', 'acts'].includes(sample.name);

describe.each(SAMPLES)('$name', (sample) => {
  const folder = new URL(`../../golden/${sample.name}/`, import.meta.url);

  it.each(sample.files.filter(({ name }) => isKept(sample, name)))('$name is as it was reviewed', (file) => {
    const golden = new URL(file.name, folder);
    if (update) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(golden, file.text);
    }
    expect(existsSync(golden) ? readFileSync(golden, 'utf8') : '(no golden file: UPDATE_GOLDEN=1)').toBe(
      file.text,
    );
  });

  it('is the same again', () => {
    const { policy, program, files } = sample;
    expect(emitC(program, { sourceName: policy.name, source: policy.text })).toEqual(files);
  });

  it('has the files that its target needs', () => {
    const { name, program, files } = sample;
    const guest = program.guest ? [`${name}.guest.bpf.c`, `${name}.guest.c`] : [];
    const header = program.target === 'pvsched' ? ['pvsched.h'] : [];
    const expected = [`${name}.bpf.c`, `${name}.h`, `${name}.c`, ...guest, ...header, 'Makefile'];
    expect(files.map((file) => file.name)).toEqual(expected);
  });

  it('says nothing of time, place or machine', () => {
    for (const { text } of sample.files)
      expect(text).not.toMatch(/\/(work|home|root|tmp)\/|20\d\d-\d\d-\d\d/);
  });
});
