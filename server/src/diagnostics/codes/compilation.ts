import { error, info, warning } from '../entry.ts';

/** PV6xxx: the policy cannot be compiled for its target. */
export const COMPILATION = {
  PV6001: error<{ tried: string }>(
    'no compiler',
    (a) =>
      `no clang was found (tried ${a.tried}), so there is no object file; the C is written all the same. ` +
      "Install it ('apt-get install clang', 'dnf install clang'), version 16 or newer",
  ),
  PV6002: error<{ header: string }>(
    'headers are missing',
    (a) =>
      `clang found no <${a.header}>; install libbpf's headers ('apt-get install libbpf-dev', 'dnf install libbpf-devel')`,
  ),
  PV6003: error<{ message: string; place: string }>(
    'clang rejected the generated C',
    (a) =>
      `clang rejected the C that was made of this policy: ${a.message} (${a.place}). ` +
      'This is a mistake of the compiler of policies, not of the policy; please report it with its log',
  ),
  PV6004: error<{ what: string; why: string }>(
    'cannot be compiled',
    (a) => `${a.what} cannot be compiled: ${a.why}`,
  ),
  PV6005: error<{ name: string; length: number; most: number; who: string }>(
    'name too long for the kernel',
    (a) => `the name '${a.name}' has ${a.length} characters; ${a.who} takes at most ${a.most}`,
  ),
  PV6006: error<{ what: string; bytes: number; most: number }>(
    'state too large',
    (a) =>
      `${a.what} takes ${a.bytes} bytes, and a BPF map holds at most ${a.most} in one value; shorten its lists and rings`,
  ),
  PV6007: warning<{ what: string; bytes: number }>(
    'stack nearly full',
    (a) =>
      `${a.what} and what it calls keep about ${a.bytes} bytes of variables at once, and BPF has a stack of 512; ` +
      'use fewer variables, or keep some in state',
  ),
  PV6008: error<{ seconds: number }>(
    'clang did not finish',
    (a) => `clang did not finish within ${a.seconds} s; the C is written all the same`,
  ),
  PV6009: info<{ missing: readonly string[] }>(
    'no loader was built',
    ({ missing }) =>
      `the BPF object is built, and its loader is not: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed. ` +
      `Install (on Debian 'apt-get install ${missing.join(' ')}') and compile again, or run make there`,
  ),
  PV6010: error<{ tool: string; log: string }>(
    'the loader does not build',
    (a) =>
      `${a.tool} rejected the loader that was made of this policy: ${a.log.trim().split('\n')[0] ?? ''}. ` +
      'This is a mistake of the compiler of policies, not of the policy, or a very old libbpf; please report it',
  ),
  PV6011: error<{ kernels: string; what: string }>(
    'not in kernels before 6.4',
    (a) =>
      `this policy is for kernels before ${a.kernels}, too, which have no ${a.what}; require ${a.kernels}, or do without`,
  ),
  PV6012: warning<{ what: string; found: number; of: string; most: number }>(
    'too much for the verifier',
    (a) =>
      `${a.what} has about ${a.found} ${a.of}, and the kernel's verifier gives up at ${a.most}; ` +
      'repeat less, lower a bound, or do a part in another hook',
  ),
};
