/**
 * Notebooks compared by nbdime, where that is installed.
 *
 * Its commands compare a notebook with its checkpoint or with git only; the page of its server
 * compares any two, and stands in a tab.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { IFrame, MainAreaWidget } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

/** nbdime's page, below the server's base. */
const PAGE = 'nbdime/difftool';
/** Where this command is, nbdime is. */
const COMMAND = 'nbdime:diff';

/** Shows two notebooks of a task, by their paths from the server's root. */
export type NotebookDiff = (base: string, remote: string, task: string) => void;

/** What compares notebooks here; `null` as long as nothing does. */
export function notebookDiff(
  app: JupyterFrontEnd,
  trans: TranslationBundle
): () => NotebookDiff | null {
  const { baseUrl } = app.serviceManager.serverSettings;
  const show: NotebookDiff = (base, remote, task) => {
    const query = new URLSearchParams({ base, remote }).toString();
    const content = new IFrame({ sandbox: ['allow-scripts', 'allow-same-origin'] });
    content.url = `${URLExt.join(baseUrl, PAGE)}?${query}`;
    const widget = new MainAreaWidget({ content });
    widget.title.label = trans.__('Changes of %1', task);
    widget.title.caption = `${base} → ${remote}`;
    widget.title.closable = true;
    widget.toolbar.hide();
    app.shell.add(widget, 'main');
    app.shell.activateById(widget.id);
  };
  return () => (app.commands.hasCommand(COMMAND) ? show : null);
}
