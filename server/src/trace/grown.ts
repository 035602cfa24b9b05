/** A typed array that holds numbers. */
export type Column = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** What `column` holds, with room for `size` values. */
export function grown<T extends Column>(column: T, size: number): T {
  const larger = new (column.constructor as new (size: number) => T)(size);
  larger.set(column);
  return larger;
}
