import { defineConfig } from 'vitest/config';

/** The unit tests. Limits are for what hangs: many of them start processes, on machines that have more to do. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/seed.ts'],
    setupFiles: ['test/support/properties.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
