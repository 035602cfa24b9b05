import {
  commands,
  EventEmitter,
  Range,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  window,
  workspace,
  type Disposable,
  type TextDocument,
  type TreeDataProvider,
  type Uri,
} from 'vscode';
import { policyInFront } from '../in-front.ts';
import type { PolicyClient } from '../policy-client.ts';
import type { Results } from '../results/results.ts';
import { nameOf } from '../settings.ts';
import type { ParamValues } from '../simulation/param-values.ts';
import { policyNodes, type PolicyNode } from './policy-nodes.ts';

/** A row with the policy that it is of, as commands of its menus get it. */
export interface PolicyRow extends PolicyNode {
  readonly policy: Uri;
}

export interface PolicyViewParts {
  readonly client: PolicyClient;
  readonly results: Results;
  readonly values: ParamValues;
}

/** The view `pvpolicy.policy`: what the policy in front declares, with the values of its last run. */
export function registerPolicyView({ client, results, values }: PolicyViewParts): Disposable[] {
  const changed = new EventEmitter<void>();
  let shown: TextDocument | undefined = policyInFront();
  const provider: TreeDataProvider<PolicyRow> = {
    onDidChangeTreeData: changed.event,
    getTreeItem,
    async getChildren(row) {
      if (row) return rowsOf(row.policy, row.children ?? []);
      const outline = shown && (await client.outline(shown.uri.toString()));
      if (!shown || !outline) return [];
      const result = results.get(shown);
      const reports = result && !result.stale ? [result.report, ...result.others] : [];
      return rowsOf(shown.uri, policyNodes(outline, values.of(shown.uri), reports));
    },
  };
  const view = window.createTreeView('pvpolicy.policy', { treeDataProvider: provider });
  const refresh = (): void => {
    void commands.executeCommand('setContext', 'pvpolicy.hasPolicy', shown !== undefined);
    view.description = shown ? nameOf(shown.uri.path) : '';
    changed.fire();
  };
  refresh();
  return [
    changed,
    view,
    results.onDidChange(refresh),
    values.onDidChange(refresh),
    client.onDidCheck((uri) => uri.toString() === shown?.uri.toString() && refresh()),
    // Other editors, such as the report, leave the view as it is.
    window.onDidChangeActiveTextEditor(() => {
      const active = policyInFront();
      if (!active || active === shown) return;
      shown = active;
      refresh();
    }),
    workspace.onDidCloseTextDocument((document) => {
      if (document !== shown) return;
      shown = policyInFront();
      refresh();
    }),
  ];
}

const rowsOf = (policy: Uri, nodes: readonly PolicyNode[]): PolicyRow[] =>
  nodes.map((node) => ({ ...node, policy }));

function getTreeItem({
  policy,
  label,
  description,
  tooltip,
  icon,
  color,
  line,
  context,
  children,
  collapsed,
}: PolicyRow): TreeItem {
  const { Collapsed, Expanded, None } = TreeItemCollapsibleState;
  const state = children ? (collapsed ? Collapsed : Expanded) : None;
  const item = new TreeItem(label, state);
  if (description !== undefined) item.description = description;
  if (tooltip !== undefined) item.tooltip = tooltip;
  if (icon !== undefined)
    item.iconPath = new ThemeIcon(icon, color === undefined ? undefined : new ThemeColor(color));
  if (context !== undefined) item.contextValue = context;
  if (line !== undefined) {
    const selection = new Range(line - 1, 0, line - 1, 0);
    item.command = { title: 'Show', command: 'vscode.open', arguments: [policy, { selection }] };
  }
  return item;
}
