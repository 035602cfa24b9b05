import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findClang, lane } from '../support/lanes.ts';
import { PROOFS } from './proofs/cases.ts';
import { proofPage } from './proofs/page.ts';
import { runProofs, type Observed } from './proofs/run.ts';
import { KERNELS, release, vmToolsPresent } from './vm.ts';

lane(
  'qemu',
  'what kernels do with programs that the check rejects',
  () => (vmToolsPresent() && findClang() ? true : undefined),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-proofs-'));
    const all = new Map<string, Observed>();
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
      if (process.env['UPDATE'] === '1') writeFileSync('docs/proof.md', proofPage(PROOFS, all));
    });

    describe.each(KERNELS)('Debian %s', (kernel) => {
      const proofs = PROOFS.filter((proof) => proof.kernel === kernel);
      beforeAll(async () => {
        for (const [name, observed] of await runProofs(proofs, kernel, folder)) all.set(name, observed);
      }, 900_000);

      it.each(proofs)(
        `$name: the wrong program is $outcome (${release(kernel)})`,
        ({ name, outcome, says }) => {
          const wrong = all.get(`${name}-wrong`);
          expect(wrong?.outcome, wrong?.console).toBe(outcome);
          if (says !== undefined) expect(wrong?.console).toMatch(says);
        },
      );

      it.each(proofs)('$name: the corrected program runs', ({ name }) => {
        const right = all.get(`${name}-right`);
        expect(right?.outcome, right?.console).toBe('runs');
      });
    });
  },
);
