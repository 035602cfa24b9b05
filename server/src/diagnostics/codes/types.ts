/** PV3xxx: values of different kinds are mixed. */
export const TYPES = {};
