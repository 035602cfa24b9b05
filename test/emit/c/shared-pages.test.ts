// What is done to one page belongs together, wherever in a handler it is done.
import { expect, it } from 'vitest';
import { emitC } from '../../../server/src/emit/c/index.ts';
import { policy } from '../../support/policy.ts';

const HEAD = `policy shared_pages for tracing
shared hint { n: u16 }
shared feedback {
    a: u8
    b: duration
    c: bool
}
state vcpu { x: u64 }
fn tell(v: vcpu, d: duration) { v.feedback.b = d }
`;

/** Lines of the C, of handlers without those of `#line`. */
function linesOf(source: string, file: 0 | 1 | 3 = 0): readonly string[] {
  const { program } = policy(source);
  const made = emitC(program, { sourceName: 'shared_pages.pvpolicy', source })[file]?.text ?? '';
  return made.split('\n').filter((line) => !line.startsWith('#line'));
}

/** Where changes of a page begin in a handler of the host, and how fields of it are used. */
function ofHandler(body: string): readonly string[] {
  const lines = linesOf(`${HEAD}on tracepoint sched:sched_switch(preempt, prev, next) {
    if let v = vcpu(next) {
${body}
    }
}
`);
  const from = lines.findIndex((line) => line.startsWith('int BPF_PROG(on_sched_switch'));
  const to = lines.indexOf('}', from);
  return lines.slice(from, to).filter((line) => /feedback|tell|if \(v->x|else|for \(/.test(line));
}

it('begins before the first of several statements that change the page', () => {
  expect(ofHandler('if v.x > 3 { v.feedback.c = true }\nv.feedback.b = 3ms')).toMatchInlineSnapshot(`
    [
      "		struct feedback *v_feedback pv_auto(feedback) = pv_begin_feedback(v->tid);",
      "		if (v->x > 3)",
      "			v_feedback->c = true;",
      "		v_feedback->b = 3 * NSEC_PER_MSEC;",
    ]
  `);
});

it('begins within the one way that changes it', () => {
  expect(ofHandler('if v.x > 3 { v.feedback.c = true\nv.feedback.b = 1ms } else { v.x += 1 }'))
    .toMatchInlineSnapshot(`
    [
      "		if (v->x > 3) {",
      "			struct feedback *v_feedback pv_auto(feedback) = pv_begin_feedback(v->tid);",
      "			v_feedback->c = true;",
      "			v_feedback->b = NSEC_PER_MSEC;",
      "		} else {",
    ]
  `);
});

it('begins before a loop that changes it, and before a function that changes it again', () => {
  expect(ofHandler('for i in 0..8 { tell(v, 1ms) }')).toMatchInlineSnapshot(`
    [
      "		struct feedback *v_feedback pv_auto(feedback) = pv_begin_feedback(v->tid);",
      "		for (u64 i = 0; i < 8; i++) {",
      "			tell(v, NSEC_PER_MSEC);",
    ]
  `);
  expect(ofHandler('tell(v, 1ms)')).toMatchInlineSnapshot(`
    [
      "		tell(v, NSEC_PER_MSEC);",
    ]
  `);
  expect(ofHandler('tell(v, 1ms)\ntell(v, 2ms)')).toMatchInlineSnapshot(`
    [
      "		struct feedback *v_feedback pv_auto(feedback) = pv_begin_feedback(v->tid);",
      "		tell(v, NSEC_PER_MSEC);",
      "		tell(v, 2 * NSEC_PER_MSEC);",
    ]
  `);
});

it('changes a field in one step, which is kept wide enough for that', () => {
  const source = `${HEAD}on tracepoint sched:sched_switch(preempt, prev, next) {
    if let v = vcpu(next) {
        v.feedback.a += 1
        v.feedback.b -= 1us
        if v.feedback.a > 3 { v.x = v.hint.n as u64 }
    }
}
guest {
    on tracepoint irq:softirq_entry(vec) { hint.n += 1 }
}
`;
  expect(linesOf(source).filter((line) => /->[abn]\b/.test(line))).toMatchInlineSnapshot(`
    [
      "		__sync_fetch_and_add(&v_feedback->a, 1);",
      "		pv_atomic_sub_sat(&v_feedback->b, NSEC_PER_USEC);",
      "		if ((u8)v_feedback->a > 3)",
      "			v->x = (u16)pv_hint(v->tid)->n;",
    ]
  `);
  expect(linesOf(source, 1).filter((line) => /^\t\S+ [abcn];/.test(line))).toMatchInlineSnapshot(`
    [
      "	__u32 n;",
      "	__u32 a;",
      "	__u64 b;",
      "	__u8 c;",
    ]
  `);
  expect(linesOf(source, 3).filter((line) => /->n\b/.test(line))).toMatchInlineSnapshot(`
    [
      "	__sync_fetch_and_add(&pv_page->n, 1);",
    ]
  `);
});

it('reads in the guest from one copy, made where it is first needed', () => {
  const source = `${HEAD}guest {
    on tracepoint irq:softirq_entry(vec) {
        if vec == 3 { hint.n = 3 } else if feedback.c { hint.n = feedback.a as u16 }
        if vec == 4 && feedback.b > 1ms { hint.n = 4 }
    }
}
`;
  const lines = linesOf(source, 3);
  const from = lines.findIndex((line) => line.includes('BPF_PROG(on_softirq_entry'));
  expect(lines.slice(from).filter((line) => line.includes('feedback'))).toMatchInlineSnapshot(`
    [
      "	struct feedback feedback_page = pv_own_feedback();",
      "	} else if (feedback_page.c) {",
      "		pv_page->n = feedback_page.a;",
      "	if (vec == 4 && feedback_page.b > NSEC_PER_MSEC)",
    ]
  `);
});
