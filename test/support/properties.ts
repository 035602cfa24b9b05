// Before each file of tests: its properties get the seed of the run.
import fc from 'fast-check';
import { runs, SEED } from './runs.ts';

fc.configureGlobal({ seed: SEED, numRuns: runs(100) });
