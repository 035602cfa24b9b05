import { emitC, type OutputFile } from '../../../server/src/emit/c/index.ts';
import type { Policy } from '../../../server/src/emit/clang.ts';
import type { Program } from '../../../server/src/ir/ir.ts';
import { policyIn } from '../../support/policy.ts';

/** The examples, and policies that between them use everything that can be printed. */
const PATHS = [
  'examples/irq_boost.pvpolicy',
  'examples/spin_guard.pvpolicy',
  'examples/vm_share.pvpolicy',
  'test/golden/acts/acts.pvpolicy',
  'test/golden/awkward_names/awkward_names.pvpolicy',
  'test/golden/both_ends/both_ends.pvpolicy',
  'test/golden/driver/driver.pvpolicy',
  'test/golden/guarded/guarded.pvpolicy',
  'test/golden/kitchen/kitchen.pvpolicy',
  'test/golden/loops/loops.pvpolicy',
  'test/golden/masks/masks.pvpolicy',
  'test/golden/queues/queues.pvpolicy',
  'test/golden/returns/returns.pvpolicy',
  'test/golden/revive/revive.pvpolicy',
];

export interface Sample {
  readonly name: string;
  readonly policy: Policy;
  readonly program: Program;
  readonly files: readonly OutputFile[];
}

export const SAMPLES: readonly Sample[] = PATHS.map((path) => {
  const { text, program } = policyIn(path);
  const sourceName = path.split('/').at(-1) ?? path;
  return {
    name: program.name,
    policy: { name: sourceName, text },
    program,
    files: emitC(program, { sourceName, source: text }),
  };
});

/** The text of a generated file; throws where there is none. */
export function fileOf(sample: Sample, name: string): string {
  const file = sample.files.find((candidate) => candidate.name === name);
  if (file === undefined) throw new Error(`${sample.name} has no ${name}`);
  return file.text;
}

export function sample(name: string): Sample {
  const found = SAMPLES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no sample ${name}`);
  return found;
}
