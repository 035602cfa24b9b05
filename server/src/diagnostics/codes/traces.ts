/** PV7xxx: a trace cannot be read or a simulation cannot be run. */
export const TRACES = {};
