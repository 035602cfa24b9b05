import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { START_TIMES, type StartTimes } from '../../server/src/lsp/protocol.ts';
import { Session } from './session.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-opening-'));
afterAll(() => rmSync(folder, { recursive: true }));
const uri = pathToFileURL(join(folder, 'test.pvpolicy')).href;
const UNSAFE = `policy test for tracing

on tracepoint sched:sched_switch(preempt, prev, next, prev_state) {
    if let v = vcpu(next) { boost(v, FIFO, 8, for: 5ms) }
}
`;

let session: Session;
afterEach(() => void session.child.kill());

/** A client that says what it is about to open, as the extension does. */
const expecting = (text: string): Promise<Session> =>
  Session.start({ opening: { settings: {}, policies: [{ uri, text }] } });

describe('policies that are to be opened', () => {
  test('are worked on before, and published when they are opened, with the version they then have', async () => {
    session = await expecting(UNSAFE);
    // Until the work is done.
    const times = (): Promise<StartTimes> => session.connection.sendRequest<StartTimes>(START_TIMES);
    while ((await times()).checked === undefined);
    expect(session.published).toEqual([]);
    await session.open(uri, UNSAFE, 7);
    const { version, diagnostics } = await session.publish(() => true);
    expect(version).toBe(7);
    expect(diagnostics.map(({ code }) => code)).toContain('PV4016');
    const { booted = 0, loaded = 0, asked = 0, checked = 0, opened = 0, published = 0 } = await times();
    for (const order of [
      [booted, loaded, asked],
      [loaded, checked, opened, published],
    ])
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(booted).toBeGreaterThan(Date.now() - 600_000);
  });

  test('are published as they are when they are opened', async () => {
    session = await expecting(UNSAFE);
    await session.open(uri, `${UNSAFE}param x:\n`, 1);
    const { diagnostics } = await session.publish(({ version }) => version === 1);
    expect(diagnostics.map(({ code }) => code)).toContain('PV1001');
  });

  test('are held against the kernel that the client says', async () => {
    const text = 'policy s for sched_ext\n\non op running(p) {\n    log "{scx_bpf_cpu_node(0)}"\n}\n';
    const initializationOptions = { settings: { kernelProfile: '6.12' } };
    const opening = { ...initializationOptions, policies: [{ uri, text }] };
    session = await Session.start({ opening, initializationOptions });
    await session.open(uri, text);
    const { diagnostics } = await session.publish((params) => params.uri === uri);
    expect(diagnostics.map(({ message }) => message).join('\n')).toContain('kernel 6.12');
  });

  test('need settings, in which what is wrong is shown once the client takes it', async () => {
    const config = join(folder, 'pvpolicy.json');
    writeFileSync(config, '{ "profil": "7.3" }');
    try {
      session = await expecting(UNSAFE);
      const { diagnostics } = await session.publish((params) => params.uri === pathToFileURL(config).href);
      expect(diagnostics.map(({ code }) => code)).toEqual([expect.stringMatching(/^PV8/u)]);
    } finally {
      rmSync(config);
    }
  });
});
