import { defineConfig } from 'vitest/config';

/** One worker for all files: their tests share a window. */
export default defineConfig({
  test: {
    include: ['test/editor/*.scenario.ts'],
    globalSetup: ['test/editor/setup.ts'],
    fileParallelism: false,
    isolate: false,
    // A browser on a busy machine may be late; what fails three times is broken.
    retry: 2,
    testTimeout: 150_000,
    hookTimeout: 120_000,
  },
});
