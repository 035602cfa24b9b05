import { commands, window, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { PolicyClient } from '../policy-client.ts';

/** New Policy from Template: an untitled policy that starts as one of the gallery. */
export const registerNewPolicy = (client: PolicyClient): Disposable =>
  commands.registerCommand(COMMANDS.newPolicy, async () => {
    const templates = (await client.templates()).map(({ name, target, summary, text }): Template => ({
      label: name,
      description: target,
      detail: summary,
      text,
    }));
    const chosen = await window.showQuickPick([EMPTY, ...templates], {
      title: 'New Policy from Template',
      placeHolder: 'What is the policy to do?',
      matchOnDetail: true,
    });
    if (!chosen) return;
    const document = await workspace.openTextDocument({ language: 'pvpolicy', content: chosen.text });
    await window.showTextDocument(document);
  });

interface Template {
  readonly label: string;
  readonly description?: string;
  readonly detail: string;
  readonly text: string;
}

const EMPTY: Template = {
  label: 'Empty',
  detail: 'A header, and a hook to begin with.',
  text: `/// What the policy is for.
policy my_policy for tracing

on tracepoint kvm:kvm_inj_virq(vector) {
    if let v = current_vcpu() {
        log "interrupt {vector} for vCPU {v.id}"
    }
}
`,
};
