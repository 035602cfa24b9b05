/** PV8xxx: pvpolicy.json or the command line is wrong. */
export const WORKSPACE = {};
