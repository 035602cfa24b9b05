import { CLIENT_COMMANDS } from '../../server/src/lsp/protocol.ts';

/** Every command of the extension; the manifest has a row for each. */
export const COMMANDS = {
  ...CLIENT_COMMANDS,
  goToCounterpart: 'pvpolicy.goToCounterpart',
  showReport: 'pvpolicy.showReport',
  chooseTrace: 'pvpolicy.chooseTrace',
  simulateOnTrace: 'pvpolicy.simulateOnTrace',
  testScenarios: 'pvpolicy.testScenarios',
  explainLog: 'pvpolicy.explainLog',
  recordTrace: 'pvpolicy.recordTrace',
  kernelMatrix: 'pvpolicy.showKernelMatrix',
  kernelProfile: 'pvpolicy.selectKernelProfile',
  newPolicy: 'pvpolicy.newPolicy',
  openSample: 'pvpolicy.openSample',
  openUnsafeSample: 'pvpolicy.openUnsafeSample',
  setParam: 'pvpolicy.setParam',
  resetParam: 'pvpolicy.resetParam',
  toggleResults: 'pvpolicy.toggleResults',
  clearResults: 'pvpolicy.clearResults',
  restart: 'pvpolicy.restartServer',
  showLog: 'pvpolicy.showLog',
} as const;
