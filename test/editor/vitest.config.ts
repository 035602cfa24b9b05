import { defineConfig } from 'vitest/config';

/** One editor at a time: each starts a server, a browser and an extension host. */
export default defineConfig({
  test: {
    include: ['test/editor/*.scenario.ts'],
    globalSetup: ['test/editor/clear-shots.ts'],
    fileParallelism: false,
    // A browser on a busy machine may be late; what fails twice is broken.
    retry: 1,
    testTimeout: 150_000,
    hookTimeout: 120_000,
  },
});
