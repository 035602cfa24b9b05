import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { Trace, TraceError } from '../../server/src/trace/columns.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { HEADER_PAGE, formatText, names, pages, traceDatV6 } from './encode.ts';
import { comparable, example, line, read, textOf, totalOf } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function opened(path: string): Promise<Trace> {
  const result = await openTrace(path);
  if (!result.ok) throw new Error(result.error.message);
  return result.trace;
}

async function refused(path: string): Promise<TraceError> {
  const result = await openTrace(path);
  if (result.ok) throw new Error('this should not have been read');
  return result.error;
}

const LINE = `${line('sched_waking: comm=a pid=8 prio=120 target_cpu=001')}\n`;

describe('openTrace', () => {
  test.each([
    ['eevdf-3vm.trace.gz', 4_087],
    ['kvm-overcommit4.trace.gz', 10_118],
    ['eevdf-3vm-6s.trace.gz', 76_034],
  ])('reads %s', async (name, events) => {
    const trace = await opened(example(name));
    expect(trace).toMatchObject({ format: 'ftrace-text', cpus: 2, lost: 0, skipped: 0, notes: [] });
    expect(totalOf(trace)).toBe(events);
  });

  test('gives the same for plain and for compressed text, also in several members', async () => {
    const text = textOf(example('eevdf-3vm.trace.gz'));
    const half = Math.floor(text.length / 2);
    const members = Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))]);
    const expected = comparable(read(text));
    expect(comparable(await openTrace(file('plain.txt', text)))).toEqual(expected);
    expect(comparable(await openTrace(file('two-members', members)))).toEqual(expected);
  });

  test('keeps what it read of a compressed file that is cut off', async () => {
    const whole = readFileSync(example('eevdf-3vm.trace.gz'));
    const trace = await opened(file('cut.gz', whole.subarray(0, whole.length / 2)));
    expect(totalOf(trace)).toBeGreaterThan(1000);
    expect(trace.skipped).toBe(2);
    expect(trace.notes.map((note) => note.message)).toEqual([
      expect.stringContaining('the last line has no end'),
      'the file breaks off here: the gzip data ends too early',
    ]);
  });

  test('keeps what it read of a compressed file that is damaged', async () => {
    const whole = Uint8Array.from(readFileSync(example('eevdf-3vm-6s.trace.gz')));
    whole.fill(0xff, 300_000, 301_000);
    const trace = await opened(file('damaged.gz', whole));
    expect(totalOf(trace)).toBeGreaterThan(30_000);
    expect(trace.notes.at(-1)?.message).toBe('the file breaks off here: the gzip data is damaged');
  });

  test('keeps all of a compressed file of which only the checksum is wrong', async () => {
    const whole = Uint8Array.from(readFileSync(example('eevdf-3vm.trace.gz')));
    whole[whole.length - 6]! ^= 0xff;
    const trace = await opened(file('checksum.gz', whole));
    // The line at the end of the last piece that was decompressed may be lost with it.
    expect(totalOf(trace)).toBeGreaterThan(3_000);
    expect(trace.skipped).toBeGreaterThan(0);
  });

  test('names what is wrong with a file', async () => {
    expect((await refused(join(folder, 'nowhere'))).message).toBe('does not exist');
    expect((await refused(folder)).message).toContain('holds no trace');
    expect((await refused(file('empty', ''))).message).toBe('is empty');
    expect((await refused(file('empty.gz', gzipSync('')))).message).toBe('is empty');
    expect((await refused(file('bad.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3)))).message).toContain(
      'gzip',
    );
    expect((await refused(file('twice.gz', gzipSync(gzipSync(LINE))))).message).toContain('compressed twice');
  });

  test.skipIf(process.getuid?.() === 0)('says when a file may not be read', async () => {
    const path = file('secret', LINE);
    chmodSync(path, 0);
    expect((await refused(path)).message).toBe('may not be read: permission denied');
  });

  const strange: readonly (readonly [what: string, content: string | Uint8Array, says: string])[] = [
    ['a cut-off trace.dat', '\x17\x08Dtracing6\0\0', 'the file ends too early'],
    ['perf.data', 'PERFILE2h\0', 'the file ends too early'],
    ['perf.data of another byte order', '2ELIFREPh\0', 'the file ends too early'],
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), 'xz -d FILE'],
    ['CTF', Uint8Array.of(0xc1, 0x1f, 0xfc, 0xc1, 0), 'CTF'],
    ['a Perfetto trace without events', Uint8Array.of(0x0a, 2, 0x50, 1), 'linux.ftrace'],
    ['HTML without a trace', '<!DOCTYPE html>\n<html>\n', 'no event was found'],
    ['Chrome JSON', '{"traceEvents":[]}', 'JSON'],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x23, 0), 'UTF-16'],
    ['a program', '\x7fELF\x02\x01\x01\0\0\0', 'binary file'],
    ['zeroes', new Uint8Array(10_000), 'binary file'],
  ];
  test.each(strange)('refuses %s by name, also compressed', async (what, content, says) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    expect((await refused(file(what, bytes))).message).toContain(says);
    expect((await refused(file(what, gzipSync(bytes)))).message).toContain(says);
  });

  test('reads the text inside of a page of systrace, at the lines of the page', async () => {
    const script = '<script class="trace-data" type="application/text">\n';
    const page = `<!DOCTYPE html>\n<p>${'x'.repeat(100_000)}\n${script}# tracer: nop\n${LINE}torn\n  </script>\n${script}{"a": 1}\n</script>\n`;
    for (const content of [page, gzipSync(page)]) {
      const trace = await opened(file('page.html', content));
      expect(trace).toMatchObject({ format: 'systrace-html', length: 1, skipped: 1 });
      expect(trace.notes).toEqual([
        { message: 'the line is no event', line: 6, offset: page.indexOf('torn'), count: 1 },
      ]);
    }
  });

  test('reads the pages of ring buffers in a folder', async () => {
    const root = mkdtempSync(join(folder, 'pages-'));
    for (const name of names) {
      mkdirSync(join(root, 'events/all', name), { recursive: true });
      writeFileSync(join(root, 'events/all', name, 'format'), formatText(name));
    }
    mkdirSync(join(root, 'per_cpu/cpu3'), { recursive: true });
    writeFileSync(join(root, 'events/header_page'), HEADER_PAGE);
    writeFileSync(join(root, 'saved_tgids'), '7 5\n');
    writeFileSync(join(root, 'trace_clock'), 'local [boot]\n');
    const event = { time: 900n, cpu: 3, tid: 7, name: 'sched_waking', values: ['sh', 8, 120, 1] } as const;
    writeFileSync(join(root, 'per_cpu/cpu3/trace_pipe_raw'), pages([event, { ...event, time: 1000n }]));
    const trace = await opened(root);
    expect(trace).toMatchObject({ format: 'raw-pages', clock: 'boot', cpus: 4, length: 2, skipped: 0 });
    expect(trace.tasks.get(7)?.tgid).toBe(5);
  });

  test('unpacks a binary file in memory, but not more of it than its size deserves', async () => {
    const event = { time: 900n, cpu: 0, tid: 7, name: 'sched_waking', values: ['sh', 8, 120, 1] } as const;
    const many = Array.from({ length: 40_000 }, (_, i) => ({ ...event, time: BigInt(i) }));
    const dat = traceDatV6([pages(many)]);
    expect(dat.length).toBeGreaterThan(2 * 1024 * 1024);
    expect(await opened(file('packed.dat.gz', gzipSync(dat)))).toMatchObject({ length: 40_000, skipped: 0 });
    const bomb = gzipSync(Buffer.concat([dat, Buffer.alloc(80 * 1024 * 1024)]));
    expect((await refused(file('bomb.gz', bomb))).message).toContain('too large to be unpacked in memory');
  });

  test('does not take text for something else', async () => {
    expect(totalOf(await opened(file('newline', `\n${LINE}`)))).toBe(1);
    expect(totalOf(await opened(file('utf8', `\ufeff# tracer: nop\n${LINE}`)))).toBe(1);
  });

  test('reads a file whose compressed text ends between two lines', async () => {
    const text = gunzipSync(readFileSync(example('eevdf-3vm.trace.gz')));
    const end = text.lastIndexOf(10, text.length / 2) + 1;
    expect(await opened(file('half.gz', gzipSync(text.subarray(0, end))))).toMatchObject({
      skipped: 0,
      notes: [],
    });
  });
});
