import { MEET, meetsVcpus } from './vcpu-names.ts';
import type { Unit } from '../unit.ts';
import { asksAgent, boosts } from './index.ts';
import { pageArguments, usesPages } from './pages.ts';
import { skeleton } from './skeleton.ts';
import { fillLines, groupCount, groupLines } from './tables-of.ts';

export function reportLines(unit: Unit): string[] {
  const count = groupCount(unit);
  const head = `printf("{\\"policy\\":\\"${unit.program.name}\\",\\"stats\\":[");`;
  return [
    ...(count > 0
      ? [
          `static struct group groups[${count}];`,
          '',
          `static void find_groups(struct ${skeleton(unit)} *skel)`,
          '{',
          ...groupLines(unit).map((line) => `\t${line}`),
          '}',
          '',
        ]
      : []),
    `static void report(struct ${skeleton(unit)} *skel)`,
    '{',
    '\tif (as_json)',
    `\t\t${head}`,
    ...(count > 0 ? ['\tprint_groups(groups, ARRAY_SIZE(groups));'] : []),
    '\tif (as_json)',
    '\t\tprintf("],");',
    '\tprint_health(&skel->bss->pv_health);',
    '\tif (as_json)',
    '\t\tprintf("}\\n");',
    '\tfflush(stdout);',
    '}',
    '',
  ];
}

/** Waits for requests until the next boost ends, a report is due, or it is time to stop. */
export function loopLines(unit: Unit): string[] {
  const asks = asksAgent(unit);
  const pages = usesPages(unit);
  const fill = fillLines(unit);
  const map = (name: string): string => `bpf_map__fd(skel->maps.${name})`;
  const maps = pageArguments(unit, map('hints'), map('feedbacks'));
  const carried = pageArguments(
    unit,
    map('hints'),
    `${map('feedbacks')}, bpf_program__fd(skel->progs.pv_fetch_feedback)`,
  );
  return [
    `static void wait_for_end(struct ${skeleton(unit)} *skel${asks ? ', struct ring_buffer *ring' : ''})`,
    '{',
    '\t__u64 start = now_ns(), end = seconds ? start + seconds * 1000000000ULL : 0;',
    '\t__u64 tick = start, due = interval ? start + interval * 1000000000ULL : 0;',
    ...(asks ? ['\tstruct pollfd ready = { .fd = ring_buffer__epoll_fd(ring), .events = POLLIN };'] : []),
    '\tstruct timespec timeout;',
    '\tsigset_t none;',
    `\t__u64 now, wake${boosts(unit) ? ', next' : ''};`,
    ...(groupCount(unit) > 0 ? ['\tsize_t i;'] : []),
    '',
    '\tsigemptyset(&none);',
    '\twhile (!stopped) {',
    '\t\tnow = now_ns();',
    '\t\tif (end && now >= end)',
    '\t\t\tbreak;',
    ...(unit.program.target === 'sched_ext' ? ['\t\tif (skel->data->pv_exit.kind)', '\t\t\tbreak;'] : []),
    '\t\tif (now >= tick) {',
    ...fill.map((line) => `\t\t\t${line}`),
    ...(meetsVcpus(unit) ? ['\t\t\tif (names_suffice)', `\t\t\t\t${MEET}`] : []),
    ...(pages ? [`\t\t\tfind_all_guest_cpus(${maps});`] : []),
    ...(groupCount(unit) > 0
      ? [
          '\t\t\tfor (i = 0; i < ARRAY_SIZE(groups); i++)',
          '\t\t\t\tif (groups[i].keyed)',
          '\t\t\t\t\tfold_gone(&groups[i]);',
        ]
      : []),
    '\t\t\ttick += 1000000000ULL;',
    '\t\t}',
    '\t\tif (due && now >= due) {',
    '\t\t\treport(skel);',
    '\t\t\tdue += interval * 1000000000ULL;',
    '\t\t}',
    '\t\twake = tick;',
    '\t\tif (end && end < wake)',
    '\t\t\twake = end;',
    ...(boosts(unit)
      ? [
          '\t\tnext = end_boosts();',
          '\t\tif (next && next < wake)',
          '\t\t\twake = next;',
          '\t\tnow = now_ns();',
        ]
      : []),
    ...(pages
      ? [
          `\t\tcarry_pages(${carried});`,
          '\t\tif (nr_shared && now + 1000000 < wake)',
          '\t\t\twake = now + 1000000;',
        ]
      : []),
    '\t\twake = wake > now ? wake - now : 0;',
    '\t\ttimeout.tv_sec = wake / 1000000000;',
    '\t\ttimeout.tv_nsec = wake % 1000000000;',
    ...(asks
      ? ['\t\tif (ppoll(&ready, 1, &timeout, &none) > 0)', '\t\t\tring_buffer__consume(ring);']
      : ['\t\tppoll(NULL, 0, &timeout, &none);']),
    '\t}',
    '}',
    '',
  ];
}
