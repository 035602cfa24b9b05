import { defineConfig } from 'vitest/config';

/** Benchmarks that need a kernel: one after the other, on a machine that does nothing else. */
export default defineConfig({
  test: {
    include: ['test/bench/*.scenario.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
