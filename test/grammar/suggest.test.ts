import { expect, test } from 'vitest';
import { closest } from '../../server/src/diagnostics/suggest.ts';

test.each([
  ['parm', ['param', 'policy'], 'param'],
  ['retrun', ['return', 'break'], 'return'],
  ['tracepiont', ['tracepoint', 'op'], 'tracepoint'],
  ['Vcpu', ['vm', 'vcpu'], 'vcpu'],
  ['boost_pro', ['boost_prio', 'boost_limit'], 'boost_prio'],
  ['xyz', ['param', 'policy'], undefined],
  ['op', ['on', 'of'], undefined],
  ['param', ['param'], undefined],
  ['x'.repeat(1000), ['x'.repeat(999)], undefined],
  ['', ['a'], undefined],
])('%s', (word, candidates, best) => expect(closest(word, candidates)).toBe(best));
