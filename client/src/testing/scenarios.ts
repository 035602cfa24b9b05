import { Position, Range, workspace, type TestController, type TestItem, type Uri } from 'vscode';
import type { PolicyOutline } from '../../../server/src/lsp/protocol.ts';
import { nameOf } from '../settings.ts';

/** What a test item stands for. */
export type Subject =
  | { readonly kind: 'policy'; readonly uri: Uri }
  | { readonly kind: 'scenario'; readonly uri: Uri; readonly scenario: string }
  | { readonly kind: 'expectation'; readonly uri: Uri; readonly scenario: string; readonly index: number };

/** The test items: policies that have scenarios, their scenarios, and what those expect. */
export class ScenarioTests {
  private readonly controller: TestController;
  private readonly subjects = new WeakMap<TestItem, Subject>();

  constructor(controller: TestController) {
    this.controller = controller;
  }

  subjectOf(item: TestItem): Subject | undefined {
    return this.subjects.get(item);
  }

  /** The item of a policy, if it has scenarios. */
  of(uri: Uri): TestItem | undefined {
    return this.controller.items.get(uri.toString());
  }

  /** Brings the items of a policy up to date; without an outline they go. */
  update(uri: Uri, outline: PolicyOutline | undefined): void {
    if (!outline || outline.scenarios.length === 0) return this.controller.items.delete(uri.toString());
    const known = this.of(uri);
    const policy = known ?? this.item({ kind: 'policy', uri }, uri.toString(), labelOf(uri));
    policy.label = labelOf(uri);
    policy.description = outline.policy;
    policy.children.replace(outline.scenarios.map((scenario) => this.scenario(uri, policy, scenario)));
    if (!known) this.controller.items.add(policy);
  }

  /** Names the policies anew: the folders of the workspace have changed, or are known only now. */
  relabel(): void {
    this.controller.items.forEach((policy) => {
      if (policy.uri) policy.label = labelOf(policy.uri);
    });
  }

  private scenario(
    uri: Uri,
    policy: TestItem,
    { name, line, trace, expectations }: PolicyOutline['scenarios'][number],
  ): TestItem {
    const id = `${uri.toString()}#${name}`;
    const item = policy.children.get(id) ?? this.item({ kind: 'scenario', uri, scenario: name }, id, name);
    item.range = lineRange(line);
    item.description = trace ?? '';
    item.children.replace(
      expectations.map((expectation, index) => {
        const own = `${id}#${index}`;
        const subject: Subject = { kind: 'expectation', uri, scenario: name, index };
        const child = item.children.get(own) ?? this.item(subject, own, expectation.text);
        child.label = expectation.text;
        child.range = lineRange(expectation.line);
        child.sortText = String(index).padStart(4, '0');
        return child;
      }),
    );
    return item;
  }

  private item(subject: Subject, id: string, label: string): TestItem {
    const item = this.controller.createTestItem(id, label, subject.uri);
    this.subjects.set(item, subject);
    return item;
  }
}

/** Policies of one name are told apart by their folders; of one outside of the workspace the path would be long. */
const labelOf = (uri: Uri): string =>
  workspace.getWorkspaceFolder(uri) ? workspace.asRelativePath(uri) : nameOf(uri.path);

const lineRange = (line: number): Range => new Range(new Position(line - 1, 0), new Position(line - 1, 0));
