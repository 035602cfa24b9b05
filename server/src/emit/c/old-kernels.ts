import type { Program } from '../../ir/ir.ts';
import type { ImportedKernel } from '../../kernel/imported.ts';
import { compareVersions, type KernelSelection } from '../../kernel/profiles.ts';

/*
 * Kernels before 6.4, for a policy that requires no newer one. They have no iterators, and nothing is counted on of what else
 * came between 6.1 and 6.4: no function that looks for a task (none in 6.1's BTF), none for masks. Loops are plain C there,
 * which the verifier walks round by round, and vCPUs are kept by thread id.
 */

/** The first with iterators of numbers, masks and look-ups of tasks for programs. */
export const MODERN_TRACING = '6.4';

/** Is the policy for such kernels, too? sched_ext has newer ones only, and pvsched is patched into one. */
export const isForOld = ({ target, requires }: Program): boolean =>
  target === 'tracing' && requires !== undefined && compareVersions(requires, MODERN_TRACING) < 0;

/** The program for the kernels that were picked: one that was imported may be older than what the policy requires, or says. */
export function forKernels(program: Program, { profiles }: KernelSelection): Program {
  const imported = profiles.find((profile) => profile.imported)?.imported;
  const release = imported && releaseOf(imported);
  if (release === undefined || compareVersions(release, MODERN_TRACING) >= 0) return program;
  return { ...program, requires: release };
}

/** A kernel with BTF has more helpers than this; of fewer, not all are known. */
const FEW = 100;

/**
 * Of a kernel that does not say its release: bpf_cgrp_storage_get() is the last helper that the kernel was given
 * (include/uapi/linux/bpf.h), and 6.1's BTF lacks it.
 */
function releaseOf({ name, helpers }: ImportedKernel): string | undefined {
  const said = /^(?:linux-)?(\d+\.\d+)/i.exec(name)?.[1];
  if (said !== undefined) return said;
  return helpers.length > FEW && !helpers.includes('bpf_cgrp_storage_get') ? '6.1' : undefined;
}

/** The same of a file of C. */
export const isOld = ({ program }: { readonly program: Program }): boolean => isForOld(program);

/** What the programs of the generator may call where the kernel has it: they test for it, or are left out by the loader. */
export const OPTIONAL: ReadonlySet<string> = new Set(['bpf_task_from_pid', 'bpf_task_release']);
