import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findClang, lane } from '../support/lanes.ts';
import { PROOFS } from './proofs/cases.ts';
import { runProofs, type Observed } from './proofs/run.ts';
import { KERNELS, release, vmToolsPresent } from './vm.ts';

lane(
  'qemu',
  'what kernels do with programs that the check rejects',
  () => (vmToolsPresent() && findClang() ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-proofs-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    describe.each(KERNELS)('Debian %s', (kernel) => {
      const proofs = PROOFS.filter(
        (proof) =>
          proof.kernel === kernel && (process.env['PROOFS'] ?? proof.name).split(',').includes(proof.name),
      );
      let observed: ReadonlyMap<string, Observed>;
      beforeAll(async () => {
        observed = await runProofs(proofs, kernel, folder);
        if (process.env['SHOW'])
          for (const [name, o] of observed)
            console.log(name, o.outcome, o.reason, process.env['SHOW'] === '2' ? o.console : '');
      }, 600_000);

      it.each(proofs)(
        `$name: the wrong program is $outcome (${release(kernel)})`,
        ({ name, outcome, says }) => {
          const wrong = observed.get(`${name}-wrong`);
          expect(wrong?.outcome).toBe(outcome);
          if (says !== undefined) expect(wrong?.console).toMatch(says);
        },
      );

      it.each(proofs)('$name: the corrected program runs', ({ name }) => {
        expect(observed.get(`${name}-right`)).toMatchObject({ outcome: 'runs', loaded: true });
      });
    });
  },
);
