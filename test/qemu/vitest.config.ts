import { defineConfig } from 'vitest/config';

/**
 * One file at a time, as each watches what is left behind on this machine. Tests of a file that only boot virtual machines
 * run two at once: one is emulated, and takes a core for itself.
 */
export default defineConfig({
  test: {
    include: ['test/qemu/*.scenario.ts'],
    globalSetup: ['test/support/seed.ts'],
    setupFiles: ['test/support/properties.ts', 'test/qemu/around.ts'],
    fileParallelism: false,
    maxConcurrency: 2,
    // An emulated machine may be late, or stand still for a second; what fails twice is broken.
    retry: 1,
    // For what hangs: the same takes three times as long on a machine that has more to do.
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
