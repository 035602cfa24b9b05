import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('provisions every lane where none is named', () => {
  const script = readFileSync(`${import.meta.dirname}/../provision.sh`, 'utf8');
  const names = readFileSync(`${import.meta.dirname}/lanes.ts`, 'utf8');
  const lanes = [...(/^export type Lane = (.*);$/m.exec(names)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
    ([, name]) => name,
  );
  expect(lanes.length).toBeGreaterThan(1);
  expect(/ lanes=\((.*)\)$/m.exec(script)?.[1]?.split(' ')).toEqual(lanes);
  expect([...script.matchAll(/^provision_(\w+)\(\)/gm)].map(([, name]) => name).toSorted()).toEqual(
    lanes.toSorted(),
  );
});
