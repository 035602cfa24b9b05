import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { memorySource } from '../../server/src/trace/binary/bytes.ts';
import { readPerfData } from '../../server/src/trace/binary/perf-data.ts';
import { readRawPages } from '../../server/src/trace/binary/raw-pages.ts';
import { readTar } from '../../server/src/trace/binary/tar.ts';
import { readTraceDat } from '../../server/src/trace/binary/trace-dat.ts';
import type { TraceResult } from '../../server/src/trace/columns.ts';
import { unpack } from '../../server/src/trace/node/unpack.ts';
import { openTrace } from '../../server/src/trace/open.ts';
import { readPerfetto } from '../../server/src/trace/perfetto/read.ts';
import { createSystraceReader } from '../../server/src/trace/systrace.ts';
import { runs } from '../support/runs.ts';
import { damage } from './damage.ts';
import { HEADER_PAGE, type Recorded, formatText, names, pages, traceDatV6, traceDatV7 } from './encode.ts';
import { checkSound } from './sound.ts';
import { example, textOf } from './support.ts';

const events = Array.from({ length: 40 }, (_, i): Recorded => ({
  time: 5_000_000n + BigInt(i * 900),
  cpu: 0,
  tid: 7,
  name: 'sched_switch',
  values: ['a', 7, 120, 1, 'b', 8 + i, 120],
}));

describe('pages of ring buffers', () => {
  const read = (page: Uint8Array, format = formatText('sched_switch')): TraceResult =>
    readRawPages([
      { path: 'traces/cpu0', source: memorySource(page) },
      { path: 'events/header_page', source: memorySource(new TextEncoder().encode(HEADER_PAGE)) },
      ...names.map((name) => ({
        path: `events/all/${name}/format`,
        source: memorySource(new TextEncoder().encode(name === 'sched_switch' ? format : formatText(name))),
      })),
    ]);

  test('are usable as far as they go, whatever is damaged', () => {
    const file = pages(events);
    expect(read(file)).toMatchObject({ ok: true, trace: { length: events.length, skipped: 0 } });
    damage(file, read, 200);
  });

  test('are usable whatever the description of an event says', () => {
    const file = pages(events);
    const text = formatText('sched_switch');
    const change = fc.array(fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(change, (changes) => {
        const letters = [...text];
        for (const [at, code] of changes) letters[at] = String.fromCharCode(code);
        checkSound(read(file, letters.join('')), file.length);
      }),
      { numRuns: runs(300) },
    );
  });
});

test('a page of systrace is usable as far as it goes, whatever is damaged', () => {
  const body = new TextDecoder('latin1').decode(textOf(example('eevdf-3vm.trace.gz')).subarray(0, 12_000));
  const page = `<!DOCTYPE html>\n<html>\n<script class="trace-data" type="application/text">\n${body}\n</script>\n<script>\nvar a;\n</script>\n</html>\n`;
  const read = (file: Uint8Array): TraceResult => {
    const reader = createSystraceReader();
    reader.push(file);
    return reader.finish();
  };
  damage(Buffer.from(page, 'latin1'), read, 100);
});

test('an archive of pages is usable as far as it goes, whatever is damaged', () => {
  const archive = tarOf([
    ['pages/traces/cpu0', pages(events)],
    ['pages/events/header_page', new TextEncoder().encode(HEADER_PAGE)],
    ...names.map((name) => [`pages/events/all/${name}/format`, Buffer.from(formatText(name))] as const),
  ]);
  const read = (file: Uint8Array): TraceResult => readRawPages(readTar(memorySource(file)));
  expect(read(archive)).toMatchObject({ ok: true, trace: { length: events.length, skipped: 0 } });
  damage(archive, read, 200);
});

describe('compressed text', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pvpolicy-damaged-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const text = textOf(example('eevdf-3vm.trace.gz')).subarray(0, 60_000);
  test.each([
    ['gzip', gzipSync(text)],
    ['zstd', zstdOf(text)],
    // From 128 KB on another decompressor is worth loading.
    ['zstd, much of it', zstdOf(textOf(example('eevdf-3vm.trace.gz')).subarray(0, 140_000))],
  ])('with %s is usable as far as it goes, whatever is damaged', async (name, file) => {
    const path = join(folder, name);
    const read = async (bytes: Uint8Array): Promise<TraceResult> => {
      writeFileSync(path, bytes);
      return openTrace(path);
    };
    expect(await read(file)).toMatchObject({ ok: true, trace: { skipped: 1 } });
    const place = fc.nat(file.length - 1);
    const flips = fc.array(fc.tuple(place, fc.nat(7)), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(flips, place, fc.boolean(), async (all, end, cut) => {
        const damaged = Uint8Array.from(cut ? file.subarray(0, end) : file);
        for (const [at, bit] of all) if (at < damaged.length) damaged[at]! ^= 1 << bit;
        checkSound(await read(damaged), Infinity);
      }),
      { numRuns: runs(150) },
    );
  });
});

/** A zstd frame of the bytes as they are (RFC 8878): blocks without compression, and no checksum. */
function zstdOf(bytes: Uint8Array): Uint8Array {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  const block = 16_000;
  const blocks = Array.from({ length: Math.ceil(bytes.length / block) }, (_, i) => {
    const body = bytes.subarray(i * block, (i + 1) * block);
    const last = (i + 1) * block >= bytes.length ? 1 : 0;
    const size = Buffer.alloc(3);
    size.writeUIntLE(body.length * 8 + last, 0, 3);
    return Buffer.concat([size, body]);
  });
  return Buffer.concat([head, ...blocks]);
}

/** A tar archive (POSIX ustar) of the files. */
function tarOf(files: readonly (readonly [path: string, content: Uint8Array])[]): Uint8Array {
  const parts = files.flatMap(([path, content]) => {
    const head = Buffer.alloc(512);
    head.write(path, 0);
    head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('0', 156);
    head.write('ustar\x0000', 257);
    return [head, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** What a file says that it has, in fields of its head, is no reason to ask for memory. */
describe('heads that promise more than there is', () => {
  const readers: readonly (readonly [string, Uint8Array, (file: Uint8Array) => TraceResult])[] = [
    ['trace.dat 6', traceDatV6([pages(events)]), (file) => readTraceDat(memorySource(file), unpack)],
    ['trace.dat 7', traceDatV7([pages(events)]), (file) => readTraceDat(memorySource(file), unpack)],
    [
      'perf.data',
      Buffer.concat([Buffer.from('PERFILE2'), Buffer.alloc(200)]),
      (file) => readPerfData(memorySource(file), unpack),
    ],
    ['Perfetto', Uint8Array.of(0x0a, 4, 0x0a, 2, 8, 0), (file) => readPerfetto(memorySource(file), unpack)],
  ];
  test.each(readers)('%s', (_, file, read) => {
    // Wherever a size, a count or an offset is: as much as its field can hold.
    for (let at = 8; at + 8 <= Math.min(file.length, 6000); at += 2) {
      const damaged = Uint8Array.from(file);
      damaged.fill(0xff, at, at + (at % 4 === 0 ? 8 : 4));
      checkSound(read(damaged), damaged.length);
    }
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(1.5e9);
  });
});
