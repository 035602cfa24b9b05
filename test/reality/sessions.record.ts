import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { boot, type Kernel } from '../qemu/vm.ts';

const SECONDS = 2;
const LIBRARIES = '/lib/x86_64-linux-gnu';
const LOADER = '/lib64/ld-linux-x86-64.so.2';

/** Loads of sessions.c, by name: sessions, each of which an autogroup schedules as one, of programs. */
const LOADS = {
  sessions: [['hog'], ['hog'], ['pair 40'], ['pair 40'], ['periodic 300 2000'], ['periodic 1000 7000']],
  nice: [['nice -10 hog', 'nice -5 hog', 'hog', 'nice 5 hog', 'nice 10 hog']],
  realtime: [
    ['fifo 50 periodic 300 2000', 'rr 20 periodic 1000 7000', 'rr 20 periodic 1500 9000', 'hog', 'hog'],
  ],
  hogs: [['hog', 'hog', 'hog', 'hog', 'periodic 500 4000']],
} as const;

/** `pvpolicy record` runs in the machine, on a Node of its own, as it would on a host. */
const script = (load: keyof typeof LOADS): string => `mkdir -p ${LIBRARIES} /lib64
mv /lib*.so* ${LIBRARIES}/; mv /ld-linux-x86-64.so.2 /lib64/
echo 1 > /proc/sys/kernel/sched_autogroup_enabled
${LOADS[load].map((session) => `setsid sh -c "${session.map((program) => `/sessions ${program} & `).join('')}wait" &`).join('\n')}
sleep 1
setsid /node /cli.cjs record -o /recorded.dat --seconds ${SECONDS} --size 64
pkill sessions; killall hog periodic ping pong
gzip -1 < /recorded.dat > /recorded.dat.gz
echo TRACE; base64 < /recorded.dat.gz; echo END
echo SIDECAR; base64 < /recorded.dat.sidecar.json; echo END`;

const section = (text: string, name: string): Buffer =>
  Buffer.from(
    (new RegExp(`^${name}\\n([\\w+/=\\n]*)END`, 'm').exec(text)?.[1] ?? '').replaceAll('\n', ''),
    'base64',
  );

it.each<[name: string, load: keyof typeof LOADS, kernel: Kernel, countsInstructions: boolean]>([
  ['sessions', 'sessions', 'stable', true],
  ['sessions-newest', 'sessions', 'newest', true],
  ['sessions-2cpus', 'sessions', 'stable', false],
  ['nice', 'nice', 'stable', true],
  ['realtime', 'realtime', 'stable', true],
  ['hogs', 'hogs', 'stable', true],
])('records %s', async (name, load, kernel, countsInstructions) => {
  const out = process.env['PVPOLICY_REALITY'] ?? join(tmpdir(), 'pvpolicy-reality');
  mkdirSync(out, { recursive: true });
  const program = join(out, 'sessions');
  execFileSync('gcc', ['-O2', '-static', join(import.meta.dirname, 'sessions.c'), '-o', program]);
  const node = realpathSync(process.execPath);
  const libraries = [...execFileSync('ldd', [node], { encoding: 'utf8' }).matchAll(/=> (\/\S+)/g)].map(
    ([, path]) => path!,
  );
  const dist = join(import.meta.dirname, '../../dist');
  const product = readdirSync(dist).filter((file) => /\.(?:cjs|mjs)$/.test(file));
  const { console: text } = await boot({
    kernel,
    files: [program, node, LOADER, ...libraries, ...product.map((file) => join(dist, file))],
    script: script(load),
    timeoutMs: 800_000,
    countsInstructions,
  });
  writeFileSync(join(out, `${name}.console.txt`), text);
  const trace = section(text, 'TRACE');
  expect(trace.length).toBeGreaterThan(10_000);
  writeFileSync(join(out, `${name}.dat.gz`), trace);
  writeFileSync(join(out, `${name}.dat.gz.sidecar.json`), section(text, 'SIDECAR'));
});
