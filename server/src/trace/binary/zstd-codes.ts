import { type Table, bitTable } from './zstd-tables.ts';

/** The lengths of literals and of matches: a code stands for a base and for so many bits that follow (RFC 8878, 3.1.1.3.2). */
export const LITERAL_BASE = [
  ...Array.from({ length: 16 }, (_, code) => code),
  ...[16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536],
];
export const LITERAL_BITS = [
  ...Array.from({ length: 16 }, () => 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
];
export const MATCH_BASE = [
  ...Array.from({ length: 32 }, (_, code) => code + 3),
  ...[35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539],
];
export const MATCH_BITS = [
  ...Array.from({ length: 32 }, () => 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
];
const LITERAL_COUNTS = [
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1,
  -1,
];
const OFFSET_COUNTS = [
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
];
const MATCH_COUNTS = [
  1,
  4,
  3,
  2,
  2,
  2,
  2,
  2,
  2,
  ...Array.from({ length: 37 }, () => 1),
  -1,
  -1,
  -1,
  -1,
  -1,
  -1,
  -1,
];

/** A kind of code in sequences: how its table is read, and the one that is taken where none is. */
export interface Codes {
  readonly mostLog: number;
  readonly mostSymbol: number;
  readonly usual: Table;
}
export const LITERALS: Codes = { mostLog: 9, mostSymbol: 35, usual: bitTable(LITERAL_COUNTS, 6) };
/** Offsets of more bits are beyond what is unpacked at once. */
export const OFFSETS: Codes = { mostLog: 8, mostSymbol: 25, usual: bitTable(OFFSET_COUNTS, 5) };
export const MATCHES: Codes = { mostLog: 9, mostSymbol: 52, usual: bitTable(MATCH_COUNTS, 6) };
