import { release, type Kernel } from '../vm.ts';
import type { Outcome, Proof } from './cases.ts';
import type { Observed } from './run.ts';

/** docs/proof.md: what kernels did with the programs, as it was observed in one run. */
export function proofPage(proofs: readonly Proof[], observed: ReadonlyMap<string, Observed>): string {
  const rows = proofs.map((proof) =>
    row(proof, observed.get(`${proof.name}-wrong`), observed.get(`${proof.name}-right`)),
  );
  return `${HEAD}
| program | the check | the verifier | the kernel | what it said | corrected |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
${TAIL}`;
}

function row(proof: Proof, wrong: Observed | undefined, right: Observed | undefined): string {
  const cells = [
    `\`${proof.name}\``,
    proof.code === undefined
      ? `impossible: ${proof.impossible ?? ''}`
      : `[${proof.code}](diagnostics/${proof.code}.md)`,
    wrong?.loaded === true ? 'accepts it' : 'refuses it',
    `${version(proof.kernel)} ${did(wrong?.outcome)}`,
    wrong === undefined || wrong.reason === '' ? '–' : wrong.reason.replaceAll('|', '\\|'),
    right?.outcome === 'runs' ? 'runs' : did(right?.outcome),
  ];
  return `| ${cells.join(' | ')} |`;
}

const version = (kernel: Kernel): string => release(kernel).replace(/^(\d+\.\d+\.\d+).*/, '$1');

function did(outcome: Outcome | undefined): string {
  switch (outcome) {
    case 'ejected':
      return 'ejects the scheduler';
    case 'hung':
      return '**hangs**';
    case 'refused':
      return 'does not load it';
    case 'runs':
      return 'runs it';
    case undefined:
      return 'was not asked';
  }
}

const HEAD = `# Proof

<!-- Made by UPDATE=1 npx vitest run -c test/qemu/vitest.config.ts proofs -->

What real kernels do with the programs that the check rejects or warns about: each is built with the check overridden and run in
a virtual machine of two CPUs under load, and after it the corrected program under the same load. Unless the table below says
otherwise, the two are the *Wrong* and *Right* policies of the diagnostic's page. The watchdog of sched_ext is set to 2 s, so that
a stall shows early; the compiler sets 5 s, and the kernel allows up to 30 s.
`;

const TAIL = `
Of the programs that are impossible to write, the corrected one is a policy of \`test/qemu/proofs/\`, and the wrong one its C with
that one thing changed.
\`work-queue-in-switch\` is C written by hand, since policies have no work queues; its corrected twin starts the same work from
\`sched_process_exec\`, where no lock is held. A program that hangs the machine runs last: nothing comes after it. Debian's 6.12
has no sched_ext, so schedulers run on 7.3 only.
`;
