import { defineConfig } from 'vitest/config';

/** Recordings, not tests: `npx vitest run -c test/reality/vitest.config.ts` writes them below $PVPOLICY_REALITY. */
export default defineConfig({
  test: { include: ['test/reality/*.record.ts'], fileParallelism: false, testTimeout: 900_000 },
});
