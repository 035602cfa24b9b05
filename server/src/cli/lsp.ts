import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command, Invocation } from './command.ts';
import { EXIT, type Exit } from './exit.ts';
import { PACKAGE_ROOT } from './package-root.ts';
import { Refusal } from './refusal.ts';

export const lsp: Command = {
  operands: '--stdio',
  options: { stdio: { type: 'boolean', help: 'speak LSP over standard input and output' } },
  async run({ given }: Invocation): Promise<Exit> {
    if (!given.flag('stdio')) throw new Refusal('lsp needs --stdio, the only way it speaks');
    // The server is a bundle of its own; it reads --stdio from the arguments and lives until its client goes.
    await import(pathToFileURL(join(PACKAGE_ROOT, 'dist', 'server.mjs')).href);
    return EXIT.ok;
  },
};
