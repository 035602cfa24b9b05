/** Work that can wait after each of its parts; who drives it may do something else in between. */
export type InParts<T> = Generator<undefined, T, undefined>;

/** Does all of it that is left. */
export function finish<T>(work: InParts<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
