import fc from 'fast-check';

/** Types of the language whose arithmetic differs. */
type Type = 'u64' | 's64' | 'u8' | 's16' | 'u32' | 'duration' | 'vtime' | 'ratio' | 'bool';

const NUMBERS: readonly Type[] = ['u64', 's64', 'u8', 's16', 'u32', 'duration', 'vtime', 'ratio'];

/** Types that a tunable can have here. */
const INPUTS = ['u64', 's64', 'u8', 's16', 'u32', 'duration'] as const;

const bits: Readonly<Record<(typeof INPUTS)[number], readonly [number, boolean]>> = {
  u64: [64, false],
  s64: [64, true],
  u8: [8, false],
  s16: [16, true],
  u32: [32, false],
  duration: [64, false],
};

type Text = fc.Arbitrary<string>;

/** Whole numbers of a type, the awkward ones often. */
function integer(type: (typeof INPUTS)[number]): fc.Arbitrary<bigint> {
  const [width, signed] = bits[type];
  const max = (1n << BigInt(signed ? width - 1 : width)) - 1n;
  const min = signed ? -max - 1n : 0n;
  const edges = [min, max, 0n, 1n, max - 1n, max >> 1n, 1n << 31n, 1n << 32n].filter(
    (n) => n >= min && n <= max,
  );
  return fc.oneof(
    fc.constantFrom(...edges),
    fc.bigInt({ min, max }),
    fc.bigInt({ min, max: max < 1000n ? max : 1000n }),
  );
}

/** A tunable of the type: what is known at compile time would be folded away. */
function leaf(type: Type): Text {
  if (type === 'bool') return fc.constantFrom('in_bool_0', 'in_bool_1', 'true', 'false');
  const input = (of: Type): Text => fc.nat(3).map((i) => `in_${of}_${i}`);
  if (type === 'vtime') return input('u64').map((text) => `(${text} as vtime)`);
  if (type === 'ratio') return fc.tuple(input('u64'), input('u64')).map(([a, b]) => `ratio(${a}, ${b})`);
  return input(type);
}

const known = new Map<string, Text>();

/** An expression of the type with at most `depth` operators one in another. */
function expr(type: Type, depth: number): Text {
  const key = `${type} ${depth}`;
  const found = known.get(key) ?? newExpr(type, depth);
  known.set(key, found);
  return found;
}

function newExpr(type: Type, depth: number): Text {
  if (depth === 0) return leaf(type);
  const sub = (of: Type): Text => expr(of, depth - 1);
  const op = (format: string, ...parts: readonly Text[]): Text =>
    fc.tuple(...parts).map((texts) => texts.reduce((all, text, i) => all.replaceAll(`$${i}`, text), format));
  const choice = op('($0 ? $1 : $2)', sub('bool'), sub(type), sub(type));
  const any = (...of: readonly Text[]): Text => fc.oneof(leaf(type), choice, ...of);
  switch (type) {
    case 'u64':
      return any(
        ...['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'].map((o) =>
          op(`($0 ${o} $1)`, sub('u64'), sub('u64')),
        ),
        ...['min($0, $1)', 'max($0, $1)'].map((f) => op(f, sub('u64'), sub('u64'))),
        op('(~$0)', sub('u64')),
        op('abs($0)', sub('s64')),
        ...(['u8', 'u32', 's64', 's16', 'duration', 'ratio'] as const).map((from) =>
          op('($0 as u64)', sub(from)),
        ),
      );
    case 's64':
      return any(
        ...['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'].map((o) =>
          op(`($0 ${o} $1)`, sub('s64'), sub('s64')),
        ),
        ...['min($0, $1)', 'max($0, $1)'].map((f) => op(f, sub('s64'), sub('s64'))),
        op('(-$0)', sub('s64')),
        ...(['u8', 'u32', 'u64', 's16', 'bool'] as const).map((from) => op('($0 as s64)', sub(from))),
      );
    case 'u8':
    case 's16':
    case 'u32':
      return any(
        op(`($0 as ${type})`, sub('u64')),
        op(`($0 as ${type})`, sub('s64')),
        op(`(($0 + $1) as ${type})`, sub(type), sub(type)),
      );
    case 'duration':
      return any(
        op('($0 + $1)', sub('duration'), sub('duration')),
        op('($0 - $1)', sub('duration'), sub('duration')),
        op('($0 * $1)', sub('ratio'), sub('duration')),
        op('($0 * $1)', sub('duration'), sub('u64')),
        op('($0 / $1)', sub('duration'), sub('u64')),
        ...['min($0, $1)', 'max($0, $1)'].map((f) => op(f, sub('duration'), sub('duration'))),
        op('($0 as duration)', sub('u64')),
      );
    case 'vtime':
      return any(
        op('($0 + $1)', sub('vtime'), sub('duration')),
        op('($0 - $1)', sub('vtime'), sub('duration')),
        ...['min($0, $1)', 'max($0, $1)'].map((f) => op(f, sub('vtime'), sub('vtime'))),
      );
    case 'ratio':
      return any(
        op('ratio($0, $1)', sub('u64'), sub('u64')),
        op('($0 - $1)', sub('ratio'), sub('ratio')),
        op('ratio($0, $1)', sub('duration'), sub('duration')),
      );
    case 'bool':
      return any(
        ...(['u64', 's64', 'duration', 'vtime', 'u8', 's16', 'u32'] as const).flatMap((of) =>
          ['<', '<=', '>', '>='].map((o) => op(`($0 ${o} $1)`, sub(of), sub(of))),
        ),
        ...(['u64', 's64', 's16'] as const).flatMap((of) =>
          ['==', '!='].map((o) => op(`($0 ${o} $1)`, sub(of), sub(of))),
        ),
        op('($0 < $1)', sub('u8'), sub('u64')),
        op('($0 > $1)', sub('s16'), sub('s64')),
        op('before($0, $1)', sub('vtime'), sub('vtime')),
        op('($0 && $1)', sub('bool'), sub('bool')),
        op('($0 || $1)', sub('bool'), sub('bool')),
        op('(!$0)', sub('bool')),
      );
  }
}

const stored = (type: Type): Text => {
  const value = (): Text => expr(type, 3);
  if (type === 'bool') return value().map((text) => `X = ${text}`);
  const updates = type === 'ratio' ? ['+=', '-='] : ['+=', '-=', '|=', '&=', '^=', '*=', '/=', '%='];
  const timed = type === 'duration' ? ['+=', '-='] : updates;
  const plain = type === 'vtime' ? [] : timed;
  const update = fc.tuple(fc.constantFrom('=', ...plain), value());
  return fc.oneof(
    value().map((text) => `X = ${text}`),
    update.map(([o, text]) => `X ${o} ${text}`),
  );
};

/** Inputs as tunables, which the compiler cannot know. */
function inputs(): fc.Arbitrary<readonly string[]> {
  const numbers = INPUTS.flatMap((type) =>
    [0, 1, 2, 3].map((i) =>
      integer(type).map((value) => `tunable in_${type}_${i}: ${type} = ${constant(type, value)}`),
    ),
  );
  const booleans = [0, 1].map((i) => fc.boolean().map((value) => `tunable in_bool_${i}: bool = ${value}`));
  return fc.tuple(...numbers, ...booleans);
}

const constant = (type: Type, value: bigint): string => `${value}${type === 'duration' ? 'ns' : ''}`;

/** A policy that stores a value of every type several times when it starts; its fields are r0, r1, …. */
export const randomPolicy: fc.Arbitrary<string> = fc
  .tuple(
    inputs(),
    fc.array(
      fc
        .constantFrom<Type>(...NUMBERS, 'bool')
        .chain((type) => fc.tuple(fc.constant(type), stored(type), stored(type))),
      { minLength: 8, maxLength: 24 },
    ),
  )
  .map(([tunables, fields]) => {
    const lines = [
      'policy agreement for tracing',
      ...tunables,
      'state {',
      ...fields.map(([type], i) => `    r${i}: ${type}`),
      '}',
      'on init {',
      ...fields.flatMap(([, first, second], i) =>
        [first, second].map((text) => `    ${text.replace('X', `r${i}`)}`),
      ),
      '}',
      'on tracepoint sched:sched_process_exit(p) { }',
    ];
    return `${lines.join('\n')}\n`;
  });
