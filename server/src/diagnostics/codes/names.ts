/** PV2xxx: a name does not mean what it is used for. */
export const NAMES = {};
