/**
 * A dialog that asks for a change of the pipeline and shows, while it is filled in, what that would write.
 *
 *     fields ─► value ─► ask (a dry run, a moment after the last key) ─► outlook ─► preview, the button
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Changed } from '../contract';
import { CauceError } from '../errors';
import { errorWords } from '../words';
import { Preview, type Outlook } from './preview';

/** After so many milliseconds without a key the server is asked. */
const PAUSE = 250;

/** What has the focus at first. */
const FIRST = '[data-cauce-first]';

/** The fields of a form: shown with a value, they call back with another. */
export type Fields<T> = React.ComponentType<{
  readonly value: T;
  readonly onChange: (value: T) => void;
}>;

export interface IChangeDialog<T> {
  readonly trans: TranslationBundle;
  readonly title: string;
  /** What the button says that makes the change. */
  readonly accept: string;
  /** Does it take something away? */
  readonly warns?: boolean;
  readonly initial: T;
  readonly fields: Fields<T>;
  /** What the change would be; `null` while the form does not say. */
  readonly ask: (value: T) => Promise<Changed> | null;
}

/** Ask. Resolves with what was filled in, or with `null` when the user thought better of it. */
export async function askForChange<T>(options: IChangeDialog<T>): Promise<T | null> {
  const { trans, title, accept, warns } = options;
  const body = new ChangeBody(options);
  const button = { label: accept };
  const dialog = new ChangeDialog<T>(body, {
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      warns === true ? Dialog.warnButton(button) : Dialog.okButton(button)
    ],
    defaultButton: warns === true ? 0 : 1,
    focusNodeSelector: FIRST
  });
  dialog.addClass('jp-cauce-ChangeDialog');
  const { button: pressed, value } = await dialog.launch();
  return pressed.accept ? value : null;
}

/** JupyterLab's dialog hears of keys before what is in it: of Enter in a field, which makes the change. */
class ChangeDialog<T> extends Dialog<T> {
  constructor(body: ChangeBody<T>, options: Partial<Dialog.IOptions<T>>) {
    super(options);
    this._content = body;
    this._makes = options.defaultButton === 1;
  }

  override handleEvent(event: Event): void {
    const { target } = event;
    const field = target instanceof HTMLInputElement && this._content.node.contains(target);
    if (this._makes && field && event instanceof KeyboardEvent && event.key === 'Enter') {
      if (target.type === 'search') {
        return; // it finds what can be ticked, and says nothing of the change
      }
      if (!this._content.known) {
        this._content.whenKnown(() => {
          this.resolve();
        });
        return;
      }
    }
    super.handleEvent(event);
  }

  private readonly _content: ChangeBody<T>;
  private readonly _makes: boolean;
}

class ChangeBody<T> extends ReactWidget implements Dialog.IBodyWidget<T> {
  constructor(options: IChangeDialog<T>) {
    super();
    this.addClass('jp-cauce-ChangeBody');
    this._options = options;
    this._value = options.initial;
    void this._ask();
  }

  getValue(): T {
    return this._value;
  }

  /** Is it known what the change would be, as it is filled in now? */
  get known(): boolean {
    return !this._typed && this._outlook.kind === 'known';
  }

  /** Do it once that is known, unless it is refused, or something else is filled in. */
  whenKnown(act: () => void): void {
    this._then = this._typed || this._outlook.kind === 'asking' ? act : null;
  }

  override dispose(): void {
    clearTimeout(this._timer);
    this._asked++;
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    const { fields: FieldsOf, trans } = this._options;
    return (
      <Beginning
        onBegin={() => {
          this._begun = true;
          keepFocus(this.node);
        }}
      >
        <FieldsOf
          value={this._value}
          onChange={value => {
            this._value = value;
            this._typed = true;
            this._then = null;
            this.update();
            clearTimeout(this._timer);
            this._timer = setTimeout(() => void this._ask(), PAUSE);
          }}
        />
        <Preview trans={trans} outlook={this._outlook} />
      </Beginning>
    );
  }

  private async _ask(): Promise<void> {
    const asked = ++this._asked;
    this._typed = false;
    const answer = this._options.ask(this._value);
    this._show(answer === null ? { kind: 'nothing' } : { kind: 'asking' });
    if (answer === null) {
      return;
    }
    let outlook: Outlook;
    try {
      outlook = { kind: 'known', changed: await answer };
    } catch (error) {
      const { trans } = this._options;
      outlook =
        error instanceof CauceError
          ? { kind: 'refused', message: errorWords(trans, error), hint: error.hint }
          : { kind: 'refused', message: String(error), hint: '' };
    }
    if (asked === this._asked) {
      this._show(outlook);
    }
  }

  private _show(outlook: Outlook): void {
    this._outlook = outlook;
    const button = this.node.closest('.jp-Dialog')?.querySelector('.jp-mod-accept');
    if (button instanceof HTMLButtonElement) {
      button.disabled = outlook.kind !== 'known';
    }
    this.update();
    if (this._begun) {
      keepFocus(this.node);
    }
    const then = this._then;
    if (outlook.kind !== 'asking') {
      this._then = null;
      if (this.known) {
        then?.();
      }
    }
  }

  protected override onAfterAttach(...args: Parameters<ReactWidget['onAfterAttach']>): void {
    super.onAfterAttach(...args);
    this._show(this._outlook);
  }

  private readonly _options: IChangeDialog<T>;
  private _value: T;
  private _outlook: Outlook = { kind: 'nothing' };
  private _asked = 0;
  private _begun = false;
  /** Was something filled in since it was asked for? */
  private _typed = false;
  private _then: (() => void) | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Tells once when the fields are there. JupyterLab's dialog waits for the browser to be idle as well, and
 * as long as nothing in it has the focus, what is behind it hears the keys.
 */
function Beginning(props: {
  readonly onBegin: () => void;
  readonly children: React.ReactNode;
}): React.JSX.Element {
  const { onBegin } = props;
  React.useLayoutEffect(() => {
    onBegin();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);
  return <div className="jp-cauce-ChangeBody-form">{props.children}</div>;
}

/** Nothing in the dialog has the focus at first, or once its button is disabled: it would hear of no Escape. */
function keepFocus(body: HTMLElement): void {
  const dialog = body.closest('.jp-Dialog');
  if (dialog?.contains(document.activeElement) === false) {
    const first =
      body.querySelector<HTMLElement>(FIRST) ?? dialog.querySelector<HTMLElement>('.jp-mod-reject');
    first?.focus();
  }
}
