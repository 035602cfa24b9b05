/** Something for each entity. The one asked for last is at hand: most code asks for one entity several times. */
export class PerEntity<T> extends Map<number, T> {
  private readonly make: () => T;
  private lastEntity = NaN;
  private last: T | undefined;

  constructor(make: () => T) {
    super();
    this.make = make;
  }

  /** That of `entity`, made where it has none. */
  of(entity: number): T {
    if (entity === this.lastEntity) return this.last as T;
    let one = this.get(entity);
    if (one === undefined) this.set(entity, (one = this.make()));
    this.lastEntity = entity;
    this.last = one;
    return one;
  }
}
