import type { Sweep } from '../simulate/sweep.ts';
import { duration, figure } from './figures.ts';
import { table, type Column, type Paint } from './terminal.ts';

/** More points than this are not listed, but for those worth having. */
const LISTED = 60;

/** A sweep for people: a row a point, those marked that no other point beats. */
export function showSweep(sweep: Sweep, paint: Paint): string {
  const { policy, scenario, trace, axes, shard, objectives, points, pareto } = sweep;
  const best = new Set(pareto);
  const listed = points.length > LISTED ? points.filter(({ index }) => best.has(index)) : points;
  const columns: Column[] = [
    { title: '' },
    ...axes.map(({ param }): Column => ({ title: param, align: 'right' })),
    ...objectives.map(({ name, better }): Column => ({
      title: better === null ? name : `${name} ${better === 'less' ? '↓' : '↑'}`,
      align: 'right',
    })),
    { title: 'promises' },
  ];
  const rows = listed.map(({ index, settings, values, ok, ejected }) => [
    best.has(index) ? paint('green', '*') : '',
    ...settings.map((setting) => setting.slice(setting.indexOf('=') + 1)),
    ...values.map((value, i) =>
      value === null ? '' : objectives[i]?.unit === 'ns' ? duration(value) : figure(value),
    ),
    ejected ? paint('red', 'ejected') : ok ? paint('green', 'ok') : paint('red', 'FAILED'),
  ]);
  const named = scenario === null ? '' : `, scenario ${scenario}`;
  const part = shard.count > 1 ? `, shard ${shard.index} of ${shard.count}` : '';
  const hidden =
    listed.length < points.length ? `${points.length - listed.length} others are not shown. ` : '';
  return `${paint('bold', policy)} over ${trace.file}${named}: ${points.length} points${part}\n\n${table(columns, rows, paint)}\n${hidden}* no other point is better in one column without being worse in another\n`;
}
