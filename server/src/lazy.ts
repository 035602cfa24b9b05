/** A value that is computed once. */
export interface Lazy<T> {
  (): T;
  /** undefined before it was asked for. */
  readonly known: T | undefined;
  /** Computes a part of it. */
  advance(): void;
  forget(): void;
}

/** A value that is computed when it is first asked for, or part by part before. */
export function inParts<T>(compute: () => Iterator<undefined, T, undefined>): Lazy<T> {
  let known: { readonly value: T } | undefined;
  let work: ReturnType<typeof compute> | undefined;
  /** Does a part; gives the value after the last. */
  const advance = (): typeof known => {
    const current = work ?? compute();
    // What throws begins anew when it is asked for again.
    work = undefined;
    const { done, value } = current.next();
    if (done === true) return (known = { value });
    work = current;
    return undefined;
  };
  const get = (): T => {
    let found = known;
    while (found === undefined) found = advance();
    return found.value;
  };
  const forget = (): void => {
    known = undefined;
    work = undefined;
  };
  return Object.defineProperty(Object.assign(get, { advance, forget }), 'known', {
    get: () => known?.value,
  }) as unknown as Lazy<T>;
}

/** The same of a value that has no parts. */
export const lazy = <T>(compute: () => T): Lazy<T> =>
  inParts(() => ({ next: () => ({ done: true, value: compute() }) }));
