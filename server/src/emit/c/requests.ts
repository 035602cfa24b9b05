import { REQUESTS, type RequestForm } from './actions.ts';
import { MASK_WORDS } from './mask-words.ts';
import { mapLines, ROOM } from './maps.ts';
import { upper } from './names.ts';
import { isOld } from './old-kernels.ts';
import type { Unit } from './unit.ts';

export const actionEnumerator = (name: string): string => `PV_${upper(name)}`;

/** Actions that the code asks the agent for, in the order of the table. */
export const askedActions = (unit: Unit): readonly string[] =>
  Object.keys(REQUESTS).filter((name) => unit.actions.has(name));

/** The ring buffer to the agent and one function for each action. */
export function requestLines(unit: Unit): string[] {
  if (!unit.features.has('requests')) return [];
  return [
    ...mapLines({
      name: 'requests',
      doc: 'What the policy asks the agent to do.',
      type: 'RINGBUF',
      entries: `${ROOM.requests / 1024} * 1024`,
    }),
    '/* Room for a request; NULL, and counted, where the agent is too far behind. */',
    // 6.1's verifier forgets in the caller that a record is there, and takes the other way for a leak.
    `static ${isOld(unit) ? '__always_inline' : '__noinline'} struct pv_request *pv_ask(u32 action, u32 line, u32 tid, u32 tgid)`,
    '{',
    '\tstruct pv_request *r = bpf_ringbuf_reserve(&requests, sizeof(*r), 0);',
    '',
    '\tif (!r) {',
    '\t\t__sync_fetch_and_add(&pv_health.requests_dropped, 1);',
    '\t\treturn NULL;',
    '\t}',
    '\tr->at = bpf_ktime_get_ns();',
    '\tr->until = 0;',
    '\tr->action = action;',
    '\tr->line = line;',
    '\tr->tid = tid;',
    '\tr->tgid = tgid;',
    '\tr->arg[0] = 0;',
    '\tr->arg[1] = 0;',
    '\treturn r;',
    '}',
    '',
    ...askedActions(unit).flatMap((name) => actionFunction(unit, name, REQUESTS[name])),
  ];
}

const WHOM: Readonly<
  Record<RequestForm['whom'], { readonly params: readonly string[]; readonly ids: string }>
> = {
  thread: { params: ['u32 tid', 'u32 tgid'], ids: 'tid, tgid' },
  vm: { params: ['u32 tgid'], ids: '0, tgid' },
  nobody: { params: [], ids: '0, 0' },
};

/** `__LINE__` in the macro is the line of the policy that asks. */
function actionFunction(unit: Unit, name: string, form: RequestForm | undefined): string[] {
  if (form === undefined) throw new Error(`no form of request for ${name}`);
  const forms =
    form.mask === true ? maskForms(unit, name) : [{ suffix: '', param: [], needs: undefined, fill: [] }];
  return forms.flatMap(({ suffix, param, needs, fill }) => {
    const until = form.until === true ? ['u64 limit'] : [];
    const params = ['u32 line', ...WHOM[form.whom].params, ...form.args, ...until, ...param];
    return [
      `#define pv_${name}${suffix}(...) pv_ask_${name}${suffix}(__LINE__, ##__VA_ARGS__)`,
      `static __always_inline void pv_ask_${name}${suffix}(${params.join(', ')})`,
      '{',
      ...(needs === undefined
        ? [`\tstruct pv_request *r = pv_ask(${actionEnumerator(name)}, line, ${WHOM[form.whom].ids});`, '']
        : [
            '\tu32 size = bpf_core_type_size(struct cpumask);',
            '\tstruct pv_request *r;',
            '',
            `\tif (!${needs})`,
            '\t\treturn;',
            `\tr = pv_ask(${actionEnumerator(name)}, line, ${WHOM[form.whom].ids});`,
          ]),
      '\tif (!r)',
      '\t\treturn;',
      ...form.args.map((arg, i) => `\tr->arg[${i}] = ${arg.split(' ')[1]};`),
      ...(form.until === true ? ['\tr->until = r->at + limit;'] : []),
      ...fill.map((line) => `\t${line}`),
      '\tbpf_ringbuf_submit(r, 0);',
      '}',
      '',
    ];
  });
}

interface MaskForm {
  readonly suffix: string;
  readonly param: readonly string[];
  /** A pointer without which nothing is asked for. */
  readonly needs: string | undefined;
  readonly fill: readonly string[];
}

/** Masks known at compile time are copied; one of the kernel's is read, up to the size that the kernel gives it. */
function maskForms(unit: Unit, name: string): readonly MaskForm[] {
  const forms: MaskForm[] = [];
  if (unit.usedMaskForms.has(name)) {
    forms.push({
      suffix: '',
      param: ['const u64 *mask'],
      needs: undefined,
      fill: ['__builtin_memcpy(r->mask, mask, sizeof(r->mask));'],
    });
  }
  if (unit.features.has('pin-mask')) {
    unit.structs.use('cpumask', ['bits']);
    forms.push({
      suffix: '_to',
      param: ['const struct cpumask *mask'],
      needs: 'mask',
      fill: [
        '__builtin_memset(r->mask, 0, sizeof(r->mask));',
        'bpf_probe_read_kernel(r->mask, size < sizeof(r->mask) ? size : sizeof(r->mask), mask);',
      ],
    });
  }
  return forms;
}

/** Actions, events and the request for the header that the agent shares. */
export function requestHeader(unit: Unit): string[] {
  if (!unit.features.has('requests')) return [];
  const actions = askedActions(unit);
  const events = [...unit.events.values()];
  const hasMask = actions.some((name) => REQUESTS[name]?.mask === true);
  return [
    'enum pv_action {',
    ...actions.map((name, i) => `\t${actionEnumerator(name)}${i === 0 ? ' = 1' : ''},`),
    '};',
    '',
    ...(events.length > 0 ? ['enum pv_event {', ...events.map((name) => `\t${name},`), '};', ''] : []),
    ...(hasMask ? [`#define PV_MASK_WORDS ${MASK_WORDS}\t/* of 64 CPUs */`, ''] : []),
    '/* What the policy asks the agent to do. */',
    'struct pv_request {',
    '\t__u64 at;\t\t/* when it asked, ns of CLOCK_MONOTONIC */',
    '\t__u64 until;\t\t/* when it ends, likewise; 0: never by itself */',
    '\t__u32 action;\t\t/* enum pv_action */',
    '\t__u32 line;\t\t/* of the policy */',
    '\t__u32 tid;',
    '\t__u32 tgid;',
    '\t__s64 arg[2];\t\t/* boost: policy, priority; others: their numbers in order */',
    ...(hasMask ? ['\t__u64 mask[PV_MASK_WORDS];'] : []),
    '};',
    '',
  ];
}
