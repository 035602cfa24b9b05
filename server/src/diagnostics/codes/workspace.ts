import { error } from '../entry.ts';

/** PV8xxx: pvpolicy.json or the command line is wrong. */
export const WORKSPACE = {
  PV8001: error<{ reason: string }>('file cannot be read', (a) => `cannot be read: ${a.reason}`),
  PV8002: error<{ reason: string }>(
    'file is no text',
    (a) => `this is no policy: a policy is UTF-8 text, and ${a.reason}`,
  ),
  PV8003: error<{ message: string }>(
    'configuration is no JSON',
    (a) => `pvpolicy.json is no JSON: ${a.message}`,
  ),
  PV8004: error<{ key: string; known: string }>(
    'unknown setting',
    (a) => `there is no setting '${a.key}'; known are ${a.known}`,
  ),
  PV8005: error<{ name: string; expected: string }>(
    'setting of the wrong kind',
    (a) => `'${a.name}' has to be ${a.expected}`,
  ),
  PV8006: error<{ name: string; known: string }>(
    'unknown kernel profile',
    (a) => `there is no kernel profile '${a.name}'; known are ${a.known}`,
  ),
  PV8007: error<{ name: string; what: string; near: string | undefined; known: string | undefined }>(
    'unknown name in the configuration',
    (a) =>
      `there is no ${a.what} '${a.name}'${a.near === undefined ? (a.known === undefined ? '' : `; known are ${a.known}`) : `; did you mean '${a.near}'?`}`,
  ),
  PV8008: error<{ file: string; message: string }>(
    'kernel profile cannot be read',
    (a) => `the kernel profile '${a.file}' cannot be read: ${a.message}`,
  ),
  PV8009: error<{ code: string }>(
    'severity that cannot be changed',
    (a) =>
      `the severity of ${a.code} cannot be changed: without its correction there is no program; only warnings and risks (PV4001 to PV4011, PV4022, PV5xxx) can be`,
  ),
};
