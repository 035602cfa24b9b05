/** A clean policy of about `lines` lines: hooks that call functions, state, counters, loops; what people write. */
export function policyOfLines(lines: number): string {
  const parts = [
    'policy bench for tracing',
    'param limit: duration = 5ms in 2ms..20ms',
    'state vcpu {\n    since: instant\n    boosted: bool\n}',
    'counter boosts per vm',
  ];
  let used = 7;
  for (let index = 0; used + 20 <= lines; index++) {
    parts.push(`fn calm_${index}(v: vcpu, t: instant) -> bool {
    let waited = t - v.since
    if waited > limit { return true }
    return v.boosted || waited * 2 > ${index % 9}ms
}`);
    used += 5;
    if (index % 8 !== 0) continue;
    const calls = Array.from({ length: Math.min(8, index + 1) }, (_, back) => `calm_${index - back}(v, t)`);
    parts.push(`every ${10 + index}ms {
    let t = now()
    for m in vms max 16 {
        for v in m.vcpus max 8 {
            if ${calls.join(' && ')} {
                boosts[m] += 1
                v.since = t
            }
        }
    }
}`);
    used += 12;
  }
  return `${parts.join('\n')}\n`;
}
