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

export function readPerfHead(source: ByteSource): PerfHead {
  const reader = new ByteReader(source);
  reader.little = reader.u8() === 0x50;
  reader.skip(7);
  const { little } = reader;
  const size = reader.u64();
  const empty = { little, attrs: [], ids: new Map<number, PerfAttr>(), formats: [], cpus: 0 };
  if (size === 16) return { ...empty, offset: 16, size: source.size - 16, piped: true };
  const attrSize = reader.u64();
  const [attrsAt, attrsSize, offset, dataSize] = [reader.u64(), reader.u64(), reader.u64(), reader.u64()];
  const head = { ...empty, offset, piped: false };
  reader.at = attrsAt;
  if (attrSize < 64 + 16) reader.fail('its attributes are too short');
  const count = Math.floor(attrsSize / attrSize);
  if (count > MOST_ATTRS) reader.fail('it has too many attributes');
  for (let index = 0; index < count; index++) readAttrEntry(source, reader, attrSize, head);
  // A recording that was killed has no size yet, and no features.
  if (dataSize === 0) return { ...head, size: source.size - offset };
  return { ...head, size: dataSize, ...readFeatures(source, little, offset + dataSize) };
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

function readFeatures(
  source: ByteSource,
  little: boolean,
  tableAt: number,
): Pick<PerfHead, 'formats' | 'cpus'> {
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
