import type { QuickPickItem } from 'vscode';

/** Profiles of kernels that were released are named by their version alone. */
export const isReleased = (kernel: string): boolean => /^\d/u.test(kernel);

export const kernelName = (kernel: string): string => (isReleased(kernel) ? `Linux ${kernel}` : kernel);

export interface KernelRow extends QuickPickItem {
  readonly profile: string;
}

/** Rows to pick one of the profiles (oldest first) from: the newest release first, what was never released last. */
export function kernelRows(profiles: readonly string[], selected: string): readonly KernelRow[] {
  const row = (profile: string): KernelRow => {
    const words = [
      ...(isReleased(profile) ? [] : ['a patch set, in no released kernel']),
      ...(profile === selected ? ['selected'] : []),
    ];
    return { label: kernelName(profile), description: words.join(', '), profile };
  };
  const newestFirst = profiles.toReversed();
  return [
    ...newestFirst.filter((profile) => isReleased(profile)),
    ...newestFirst.filter((profile) => !isReleased(profile)),
  ].map(row);
}
