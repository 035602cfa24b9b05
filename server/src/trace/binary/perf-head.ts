import { ByteReader, type ByteSource } from './bytes.ts';
import { type PerfAttr, readAttr } from './perf-sample.ts';
import * as traceDat from './trace-dat-head.ts';

/** Numbers of features (tools/perf/Documentation/perf.data-file-format.txt). */
const FEATURE = { tracingData: 1, cpus: 7 } as const;
const MOST_ATTRS = 100_000;
const FEATURE_BITS = 256;

/** What a perf.data says before its records. */
export interface PerfHead {
  readonly little: boolean;
  readonly attrs: PerfAttr[];
  /** The attribute by the ids of its events. */
  readonly ids: Map<number, PerfAttr>;
  readonly formats: readonly string[];
  readonly cpus: number;
  /** The records. */
  readonly offset: number;
  readonly size: number;
  /** Written into a pipe: all that is said stands between the records. */
  readonly piped: boolean;
}

type Features = Pick<PerfHead, 'formats' | 'cpus'>;
const NOTHING: Features = { formats: [], cpus: 0 };

export function readPerfHead(source: ByteSource): PerfHead {
  const reader = new ByteReader(source);
  reader.little = reader.u8() === 0x50;
  reader.skip(7);
  const { little } = reader;
  const size = reader.u64();
  const [attrs, ids] = [[] as PerfAttr[], new Map<number, PerfAttr>()];
  // Always written out: to V8 each spread copy is of a kind of its own, for which it compiles the reader anew.
  const head = (offset: number, records: number, piped: boolean, told: Features = NOTHING): PerfHead => {
    const { formats, cpus } = told;
    return { little, attrs, ids, formats, cpus, offset, size: records, piped };
  };
  if (size === 16) return head(16, source.size - 16, true);
  const attrSize = reader.u64();
  const [attrsAt, attrsSize, offset, dataSize] = [reader.u64(), reader.u64(), reader.u64(), reader.u64()];
  reader.at = attrsAt;
  if (attrSize < 64 + 16) reader.fail('its attributes are too short');
  const count = Math.floor(attrsSize / attrSize);
  if (count > MOST_ATTRS) reader.fail('it has too many attributes');
  for (let index = 0; index < count; index++) readAttrEntry(source, reader, attrSize, { attrs, ids });
  // A recording that was killed has no size yet, and no features.
  if (dataSize === 0) return head(offset, source.size - offset, false);
  return head(offset, dataSize, false, readFeatures(source, little, offset + dataSize));
}

function readAttrEntry(
  source: ByteSource,
  reader: ByteReader,
  size: number,
  { attrs, ids }: Pick<PerfHead, 'attrs' | 'ids'>,
): void {
  const attr = readAttr(reader, size - 16);
  attrs.push(attr);
  const list = new ByteReader(source, reader.u64());
  list.little = reader.little;
  const count = Math.min(Math.floor(reader.u64() / 8), Math.floor(list.left / 8));
  for (let index = 0; index < count; index++) ids.set(list.u64(), attr);
}

function readFeatures(source: ByteSource, little: boolean, tableAt: number): Features {
  const bitmap = new ByteReader(source, 72);
  bitmap.little = little;
  const words = [bitmap.big(), bitmap.big(), bitmap.big(), bitmap.big()];
  const table = new ByteReader(source, tableAt);
  table.little = little;
  let formats: readonly string[] = [];
  let cpus = 0;
  for (let bit = 0; bit < FEATURE_BITS; bit++) {
    if (((words[bit >> 6]! >> BigInt(bit & 63)) & 1n) === 0n) continue;
    const feature = new ByteReader(source, table.u64());
    feature.little = little;
    table.skip(8);
    if (bit === FEATURE.tracingData) formats = readTracingData(feature);
    if (bit === FEATURE.cpus) cpus = Math.min(feature.u32(), 0x7fff);
  }
  return { formats, cpus };
}

/** The descriptions of events, in the form that trace.dat begins with. */
export function readTracingData(reader: ByteReader): string[] {
  reader.skip(10);
  reader.cstring();
  reader.little = reader.u8() === 0;
  reader.skip(5);
  traceDat.readHeaderInfo(reader);
  return [...traceDat.readFtraceFormats(reader), ...traceDat.readEventFormats(reader)];
}
