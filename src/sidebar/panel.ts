/**
 * The panel's shell: there at once, so that JupyterLab can restore it; filled when first shown.
 *
 * It may stand in a sidebar, in the main area or at the bottom, and be moved from one to another:
 * what it looks like follows from its size alone.
 */
import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';

import { cauceIcon } from '../icons';
import { ViewState } from '../viewstate';
import type { IPanelContext, IShared } from './context';

export class PipelinePanel extends Panel {
  constructor(shared: IShared, id: string) {
    super();
    const { model, trans, viewMemory } = shared;
    const viewState = new ViewState(model, id, viewMemory);
    this._context = { ...shared, looker: this, viewState };
    this.id = id;
    this.addClass('jp-cauce-Panel');
    this.title.icon = cauceIcon;
    this.title.caption = trans.__('Pipeline');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Pipeline'));
    this.disposed.connect(() => {
      viewState.dispose();
    });
  }

  /** How the pipeline is looked at here. */
  get viewState(): ViewState {
    return this._context.viewState;
  }

  override dispose(): void {
    this._look(false);
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._onVisible();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._onVisible();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._onVisible();
  }

  protected override onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    this._look(false);
  }

  private _onVisible(): void {
    this._look(this.isVisible);
    if (this.isVisible && !this._filled) {
      this._filled = true;
      // The graph and its layout are in a chunk of their own: who never looks never loads it.
      void import('./view').then(
        ({ fillPanel }) => {
          this._tell('');
          if (!this.isDisposed) {
            fillPanel(this, this._context);
          }
        },
        () => {
          // Another version may have been installed since the page was loaded.
          this._filled = false;
          this._tell(
            this._context.trans.__('The panel could not be loaded: reload the page to see it.')
          );
        }
      );
    }
  }

  /** Say something in place of what the panel shows. */
  private _tell(words: string): void {
    this.node.querySelector('.jp-cauce-Panel-trouble')?.remove();
    if (words !== '') {
      const line = document.createElement('p');
      line.className = 'jp-cauce-Panel-trouble jp-cauce-mod-hint';
      line.setAttribute('role', 'alert');
      line.textContent = words;
      this.node.append(line);
    }
  }

  private _look(looks: boolean): void {
    this._context.lookers.set(this, looks);
  }

  private readonly _context: IPanelContext;
  private _filled = false;
}
