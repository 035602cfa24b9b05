import { defineConfig } from 'vitest/config';

/** One editor at a time: each starts a server, a browser and an extension host. */
export default defineConfig({
  test: {
    include: ['test/editor/*.scenario.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
