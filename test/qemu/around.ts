// Around every file of the lane: what it does on this machine's own kernel is undone when it ends.
import { afterAll, beforeAll } from 'vitest';
import { watchMachine, type Watch } from './leftovers.ts';
import { vmToolsPresent } from './vm.ts';

let watch: Watch | undefined;

beforeAll(() => {
  if (vmToolsPresent() && process.getuid?.() === 0) watch = watchMachine();
});

afterAll(() => {
  const left = watch?.leftovers() ?? [];
  watch?.end();
  if (left.length > 0) throw new Error(`left behind on this machine:\n${left.join('\n')}`);
});
