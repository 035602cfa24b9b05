import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROOFS } from '../qemu/proofs/cases.ts';
import { textOf } from '../qemu/proofs/build.ts';
import { diagnose } from './support.ts';

const page = readFileSync('docs/proof.md', 'utf8');

describe.each(PROOFS)('the proof $name', (proof) => {
  it('has a row on the page, with the code and an end that bears it out', () => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${proof.name}\` |`)) ?? '';
    expect(row).toContain(proof.code ?? 'impossible');
    const end = { ejected: 'ejects', hung: 'hangs', refused: 'refuses', runs: 'runs it' }[proof.outcome];
    expect(row).toContain(end);
    expect(row).toMatch(/\| runs \|$/);
  });

  it('is rejected, and its corrected twin is not', () => {
    const wrong = textOf(proof, 'wrong');
    const right = textOf(proof, 'right');
    if (wrong !== undefined && proof.code !== undefined)
      expect(diagnose(wrong).map(({ code }) => code)).toContain(proof.code);
    if (right !== undefined) expect(diagnose(right)).toEqual([]);
  });
});
