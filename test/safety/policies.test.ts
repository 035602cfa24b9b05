import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnose } from './support.ts';

const folder = 'test/fixtures/safety';
const files = (of: string): string[] =>
  readdirSync(`${folder}/${of}`).map((name) => `${folder}/${of}/${name}`);
const read = (path: string): string => readFileSync(path, 'utf8');

/** What somebody who knows sched_ext and KVM would write, and has to be let through without a word. */
describe('a correct policy', () => {
  it.each(files('sound'))('%s checks clean', (path) => {
    expect(diagnose(read(path)).map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  });
});

/** Each would stall, deadlock or be ejected; its first line says by which rules it is found. */
describe('a policy that goes wrong', () => {
  it.each(files('unsound'))('%s is found', (path) => {
    const text = read(path);
    const expected = /^\/\/ expect: (.*)/.exec(text)?.[1]?.split(' ');
    const found = new Set(diagnose(text).flatMap(({ code }) => (/^PV[45]/.test(code) ? [code] : [])));
    expect([...found].toSorted()).toEqual(expected);
  });
});
