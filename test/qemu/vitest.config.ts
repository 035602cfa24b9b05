import { defineConfig } from 'vitest/config';

/** One virtual machine at a time: it is emulated, and takes a core for itself. */
export default defineConfig({
  test: {
    include: ['test/qemu/*.scenario.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
