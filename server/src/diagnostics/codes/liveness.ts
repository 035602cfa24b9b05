/** PV5xxx: a task, a boost or a resource could be lost. */
export const LIVENESS = {};
