import { defineConfig } from 'vitest/config';

/** An editor on a busy machine may be late; what fails twice is broken. */
export default defineConfig({
  test: { include: ['test/neovim/*.scenario.ts'], retry: 1, testTimeout: 120_000, hookTimeout: 120_000 },
});
