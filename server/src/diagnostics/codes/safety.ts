/** PV4xxx: the kernel could deadlock, sleep or crash. */
export const SAFETY = {};
