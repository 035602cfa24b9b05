// Diagrams of the gallery's policies, drawn from their text.

/** The hooks of a policy, each with what is between its braces. */
function blocks(text: string): readonly { readonly hook: string; readonly body: string }[] {
  const found: { hook: string; body: string }[] = [];
  for (const match of text.matchAll(/^(on (?:tracepoint|op|pvsched) [\w:]+|on init|every \w+)[^{]*\{/gm)) {
    let depth = 1;
    let at = match.index + match[0].length;
    for (; depth > 0 && at < text.length; at++) depth += text[at] === '{' ? 1 : text[at] === '}' ? -1 : 0;
    found.push({ hook: match[1] ?? '', body: text.slice(match.index + match[0].length, at - 1) });
  }
  return found;
}

/** Bodies of the policy's functions, by name. */
const functions = (text: string): readonly (readonly [name: string, text: string])[] =>
  [...text.matchAll(/^fn (\w+)[\s\S]*?^\}/gm)].map(([whole, name = '']) => [name, whole] as const);

/** Hooks, the state that they touch and the actions that they take, as a diagram. */
export function diagram(text: string): string {
  const own = functions(text);
  const expand = (body: string, depth = 0): string =>
    depth > 3
      ? body
      : own.reduce(
          (all, [name, inner]) =>
            new RegExp(`\\b${name}\\(`).test(body) ? `${all}\n${expand(inner, depth + 1)}` : all,
          body,
        );
  const states = [...text.matchAll(/^state( \w+)? \{([^}]*)\}/gm)].map(([, scope, fields = '']) => ({
    name: scope?.trim() ?? 'global',
    fields: [...fields.matchAll(/(\w+):/g)].map(([, name = '']) => name),
  }));
  const queues = [...text.matchAll(/^dsq (\w+)/gm)].map(([, name = '']) => name);
  const lines = ['flowchart LR'];
  const id = (kind: string, name: string): string => `${kind}_${name.replaceAll(/\W/g, '_')}`;
  for (const { name, fields } of states) lines.push(`  ${id('s', name)}[("${name}: ${fields.join(', ')}")]`);
  for (const name of queues) lines.push(`  ${id('q', name)}[/"queue ${name}"/]`);
  const actions = new Set<string>();
  for (const { hook, body } of blocks(text)) {
    const all = expand(body);
    lines.push(`  ${id('h', hook)}(["${hook}"])`);
    for (const { name, fields } of states)
      if (fields.some((field) => new RegExp(`\\b${field}\\b`).test(all)))
        lines.push(`  ${id('h', hook)} --- ${id('s', name)}`);
    for (const name of queues) {
      if (new RegExp(`insert(_vtime)?\\([^)]*\\b${name}\\b`).test(all))
        lines.push(`  ${id('h', hook)} -->|insert| ${id('q', name)}`);
      if (new RegExp(`move_to_local\\(${name}\\)|for \\w+ in ${name} `).test(all))
        lines.push(`  ${id('q', name)} -->|run| ${id('h', hook)}`);
    }
    for (const [, action = ''] of all.matchAll(
      /(?:defer |\b)(boost|unboost|set_nice|set_weight|pin|unpin|cap|set_halt_poll|core_tag|kick|scx_bpf_kick_cpu|scx_bpf_cpuperf_set)\(/g,
    )) {
      const link = `  ${id('h', hook)} ==> ${id('a', action)}`;
      if (!actions.has(action)) lines.push(`  ${id('a', action)}{{"${action}"}}`);
      actions.add(action);
      if (!lines.includes(link)) lines.push(link);
    }
  }
  return lines.join('\n');
}
