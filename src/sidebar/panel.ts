/**
 * The panel's shell: there at once, so that JupyterLab can restore it; filled when first shown.
 */
import { SidePanel } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

import { cauceIcon } from '../icons';
import type { IPanelContext } from './context';

export class PipelinePanel extends SidePanel {
  constructor(context: IPanelContext) {
    super();
    this._context = context;
    this.id = 'cauce-panel';
    this.addClass('jp-cauce-Panel');
    this.title.icon = cauceIcon;
    this.title.caption = context.trans.__('Pipeline');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', context.trans.__('Pipeline'));
    this.content.hide();
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
    this._setActive(false);
  }

  private _onVisible(): void {
    this._setActive(this.isVisible);
    if (this.isVisible && !this._filled) {
      this._filled = true;
      // The graph and its layout are in a chunk of their own: who never looks never loads it.
      void import('./view').then(({ fillPanel }) => {
        if (!this.isDisposed) {
          fillPanel(this, this._context);
        }
      });
    }
  }

  private _setActive(active: boolean): void {
    this._context.model.active = active;
    this._context.taskModel.active = active;
  }

  private readonly _context: IPanelContext;
  private _filled = false;
}
