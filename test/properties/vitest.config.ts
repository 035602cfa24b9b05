import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** All files with properties, or with anything else that is random, run far longer than in the test run, and each time otherwise. */
process.env['PVPOLICY_SEED'] ??= 'random';
process.env['PVPOLICY_RUNS'] ??= '25';

const random = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name).replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.test.ts'))
  .filter((path) => /from '(?:fast-check|.*\/(?:runs|damage)\.ts)'/u.test(readFileSync(path, 'utf8')));

export default defineConfig({
  test: {
    include: random,
    globalSetup: ['test/support/seed.ts'],
    setupFiles: ['test/support/properties.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
});
