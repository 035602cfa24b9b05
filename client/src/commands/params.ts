import { commands, Uri, window, workspace, type Disposable } from 'vscode';
import { COMMANDS } from '../commands.ts';
import type { PolicyClient } from '../policy-client.ts';
import type { Results } from '../results/results.ts';
import type { ParamValues } from '../simulation/param-values.ts';
import type { Simulator } from '../simulation/simulator.ts';
import { targetPolicy } from '../target.ts';
import type { PolicyRow } from '../views/policy-view.ts';

export interface ParamParts {
  readonly client: PolicyClient;
  readonly results: Results;
  readonly values: ParamValues;
  readonly simulator: Simulator;
}

/** Set Param for Simulation: a value that takes the place of the policy's, which stays as it is. */
export const registerSetParam = (parts: ParamParts): Disposable =>
  commands.registerCommand(COMMANDS.setParam, async (row?: Partial<PolicyRow>) => {
    const document = await targetPolicy(row?.policy);
    if (!document) return;
    const params = (await parts.client.outline(document.uri.toString()))?.params ?? [];
    const name =
      row?.name ??
      (await window.showQuickPick(
        params.map((one) => one.name),
        { title: 'Set Param' },
      ));
    const param = params.find((one) => one.name === name);
    if (!param) return;
    const within = param.range === null ? '' : ` in ${param.range}`;
    const value = await window.showInputBox({
      title: `${param.name}: ${param.type}${within}`,
      prompt: `Value for simulations; the policy says ${param.value}. Empty: the policy's own.`,
      value: parts.values.of(document.uri)[param.name] ?? param.value,
      validateInput: (text) => refused(parts.client, document.uri, param.name, text.trim()),
    });
    if (value === undefined) return;
    const own = value.trim();
    await change(parts, document.uri, param.name, own === '' || own === param.value ? undefined : own);
  });

/** Why the value cannot be; an empty one is the policy's own. */
const refused = async (
  client: PolicyClient,
  policy: Uri,
  name: string,
  value: string,
): Promise<string | undefined> =>
  value === '' ? undefined : client.checkParam({ uri: policy.toString(), name, value });

/** Reset Param: the policy's own value again. */
export const registerResetParam = (parts: ParamParts): Disposable =>
  commands.registerCommand(COMMANDS.resetParam, async (row?: Partial<PolicyRow>) => {
    if (row?.policy instanceof Uri && row.name !== undefined)
      await change(parts, row.policy, row.name, undefined);
  });

/** Remembers the value; a policy that has results runs again, and a value that cannot be is told and taken back. */
async function change(
  { results, values, simulator }: ParamParts,
  policy: Uri,
  name: string,
  value: string | undefined,
): Promise<void> {
  const before = values.of(policy)[name];
  await values.set(policy, name, value);
  const document = await workspace.openTextDocument(policy);
  const result = results.get(document);
  if (!result) return;
  const run = await simulator.run(document, result.report.scenario ?? undefined);
  if (run?.ok !== false) return;
  await values.set(policy, name, before);
  void window.showErrorMessage(`${name} was not changed: ${run.message}`);
}
