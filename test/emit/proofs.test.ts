// The programs of the proofs are made of C that the compiler gives: what they change there has to be there. That the kernel does
// with them what is said is held in test/qemu/proofs.scenario.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PROOFS } from '../qemu/proofs/cases.ts';
import { policyPath, SIDES } from '../qemu/proofs/build.ts';
import { writeC } from '../qemu/policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-proofs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EDITED = PROOFS.flatMap((proof) =>
  SIDES.flatMap((side) => {
    const named = proof[side];
    return named !== undefined && 'edit' in named && named.edit ? [{ proof, side, edit: named.edit }] : [];
  }),
);

it('has programs that are edited', () => expect(EDITED.length).toBeGreaterThan(2));

it.each(EDITED)('finds in the C what $proof.name changes', ({ proof, side, edit }) => {
  let changed = false;
  writeC(policyPath(proof, side, folder), folder, (c) => {
    const text = edit(c);
    changed = text !== c;
    return text;
  });
  expect(changed).toBe(true);
});
