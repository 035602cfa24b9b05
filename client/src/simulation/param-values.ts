import { EventEmitter, type Memento, type Uri } from 'vscode';

export type Values = Readonly<Record<string, string>>;

/** Values that params have in simulations instead of the policy's own; remembered in the workspace. */
export class ParamValues {
  private readonly memento: Memento;
  private readonly changed = new EventEmitter<Uri>();
  readonly onDidChange = this.changed.event;

  constructor(memento: Memento) {
    this.memento = memento;
  }

  of(policy: Uri): Values {
    return this.memento.get<Values>(key(policy)) ?? {};
  }

  /** `undefined`: the policy's own value again. */
  async set(policy: Uri, name: string, value: string | undefined): Promise<void> {
    const { [name]: _, ...others } = this.of(policy);
    const next = value === undefined ? others : { ...others, [name]: value };
    await this.memento.update(key(policy), Object.keys(next).length === 0 ? undefined : next);
    this.changed.fire(policy);
  }
}

const key = (policy: Uri): string => `params of ${policy.toString()}`;
