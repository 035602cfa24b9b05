import { ProtoWriter } from '../../server/src/trace/perfetto/protobuf.ts';

/** Parts of Perfetto traces, as messages of protobuf. */
export type Write = (message: ProtoWriter) => void;

export function message(...parts: readonly Write[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const write of parts) write(writer);
  return writer.done();
}

export const int =
  (field: number, value: number | bigint): Write =>
  (to) =>
    to.int(field, value);
export const text =
  (field: number, value: string): Write =>
  (to) =>
    to.string(field, value);
export const part =
  (field: number, ...parts: readonly Write[]): Write =>
  (to) =>
    to.message(field, (inner) => parts.forEach((write) => write(inner)));
/** A block of varints. */
export const packed = (field: number, ...values: readonly number[]): Write => {
  // A field of a varint is its tag, of one byte below 16, and the number.
  const bytes = values.flatMap((value) => [...message(int(1, value)).subarray(1)]);
  return bytesIn(field, Uint8Array.from(bytes));
};
export const bytesIn =
  (field: number, bytes: Uint8Array): Write =>
  (to) =>
    to.bytesOf(field, bytes);

export const packet = (...parts: readonly Write[]): Write => part(1, ...parts);
export const bundle = (cpu: number, ...parts: readonly Write[]): Write =>
  packet(part(1, int(1, cpu), ...parts));
export const event = (time: number, tid: number, field: number, ...parts: readonly Write[]): Write =>
  part(2, int(1, time), int(2, tid), part(field, ...parts));
export const waking = (time: number, tid: number, pid: number): Write =>
  event(time, tid, 20, text(1, `t${pid}`), int(2, pid), int(3, 120), int(4, 1), int(5, 1));
