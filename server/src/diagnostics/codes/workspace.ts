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
};
