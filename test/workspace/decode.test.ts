import { describe, expect, test } from 'vitest';
import { decode } from '../../server/src/workspace/decode.ts';

const bytes = (...values: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(values.map((value) => (typeof value === 'string' ? Buffer.from(value) : Buffer.of(value))));

describe('decode', () => {
  test('reads UTF-8, without its byte order mark', () => {
    expect(decode(bytes('// vCPU µs 🙂\n'))).toEqual({ text: '// vCPU µs 🙂\n', problem: undefined });
    expect(decode(bytes(0xef, 0xbb, 0xbf, 'policy'))).toEqual({ text: 'policy', problem: undefined });
    expect(decode(bytes())).toEqual({ text: '', problem: undefined });
  });

  test('says on which line the first wrong byte is', () => {
    expect(decode(bytes('a\nb\n', 0xe9, 't\xe9\n', 0xff)).problem).toEqual({
      line: 2,
      reason: 'it has a byte that is no UTF-8',
    });
    expect(decode(bytes('a\r\n', 0xe2, 0x82)).problem?.line).toBe(1);
  });

  test('knows binaries and UTF-16', () => {
    expect(decode(bytes('\x7fELF\n', 1, 0)).problem).toEqual({
      line: 1,
      reason: 'it has a zero byte, as binary files have',
    });
    expect(decode(Buffer.from('\ufeffpolicy', 'utf16le')).problem?.reason).toBe('it is UTF-16');
  });
});
