import { expect, it } from 'vitest';
import { builtinsPage } from '../../server/src/semantics/reference.ts';

// `npx vitest run test/semantics/reference -u` writes the page anew.
it('the page of built-ins is what the tables of the checker say', async () => {
  await expect(builtinsPage()).toMatchFileSnapshot('../../docs/language-builtins.md');
});
