import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileC, compileUnchecked } from '../policy.ts';
import type { Program, Proof } from './cases.ts';

const HERE = import.meta.dirname;
const PAGES = join(HERE, '../../../docs/diagnostics');

export type Side = 'wrong' | 'right';
export const SIDES: readonly Side[] = ['right', 'wrong'];

/** The watchdog of sched_ext strikes after 2 s instead of the 5 s that the compiler sets, so that a stall shows early. */
const hurry = (c: string): string => c.replace('.timeout_ms = 5000', '.timeout_ms = 2000');

/** Builds one side of a proof, whatever the check says of it, and gives the object, `NAME-SIDE.bpf.o`. */
export function build(proof: Proof, side: Side, folder: string): string {
  const work = join(folder, `${proof.name}-${side}`);
  mkdirSync(work, { recursive: true });
  const named = proof[side];
  const object =
    named !== undefined && 'c' in named
      ? compileByHand(named, work)
      : compileUnchecked(policyPath(proof, side, work), work, (c) => hurry(named?.edit?.(c) ?? c));
  const result = `${work}.bpf.o`;
  copyFileSync(object, result);
  return result;
}

function compileByHand({ c, defines }: Extract<Program, { readonly c: string }>, work: string): string {
  copyFileSync(join(HERE, c), join(work, c));
  return compileC(join(work, c), ['-Wall', ...defines.map((define) => `-D${define}`)]);
}

/** The policy that one side of a proof is made of, for which `work` may be written to. */
export function policyPath(proof: Proof, side: Side, work: string): string {
  const named = proof[side];
  if (named !== undefined && 'policy' in named) return join(HERE, named.policy);
  const path = join(work, `${side}.pvpolicy`);
  writeFileSync(path, ofPage(proof.code ?? '', side));
  return path;
}

/** The text of the policy of one side; undefined for C written by hand. */
export function textOf(proof: Proof, side: Side): string | undefined {
  const named = proof[side];
  if (named === undefined) return ofPage(proof.code ?? '', side);
  return 'policy' in named ? readFileSync(join(HERE, named.policy), 'utf8') : undefined;
}

/** The wrong or the right example of a diagnostic's page. */
function ofPage(code: string, side: Side): string {
  const page = readFileSync(join(PAGES, `${code}.md`), 'utf8');
  const section = page.slice(page.indexOf(side === 'wrong' ? '\n## Wrong\n' : '\n## Right\n'));
  return /```pvpolicy\n(.*?)```/s.exec(section)?.[1] ?? '';
}
