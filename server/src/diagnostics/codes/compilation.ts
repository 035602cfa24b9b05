/** PV6xxx: the policy cannot be compiled for its target. */
export const COMPILATION = {};
