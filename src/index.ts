/**
 * The plugins of the extension: what is wired to what. Nothing else happens here.
 */
import { ILayoutRestorer, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';

import { cauceIcon } from './icons';

const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:panel',
  description: 'The pipeline panel in the left sidebar.',
  autoStart: true,
  optional: [ILayoutRestorer, ITranslator],
  activate: (app, restorer: ILayoutRestorer | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab-cauce');
    const panel = new SidePanel();
    panel.id = 'cauce-panel';
    panel.addClass('jp-cauce-Panel');
    panel.title.icon = cauceIcon;
    panel.title.caption = trans.__('Pipeline');
    restorer?.add(panel, panel.id);
    app.shell.add(panel, 'left', { rank: 600, type: 'Pipeline' });
  }
};

export default [panel];
