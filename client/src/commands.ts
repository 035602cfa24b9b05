import { CLIENT_COMMANDS } from '../../server/src/lsp/protocol.ts';

/** Every command of the extension; the manifest has a row for each. */
export const COMMANDS = {
  ...CLIENT_COMMANDS,
  clearResults: 'pvpolicy.clearResults',
  restart: 'pvpolicy.restartServer',
  showLog: 'pvpolicy.showLog',
} as const;
