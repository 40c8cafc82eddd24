/**
 * The plugin for notebooks that are tasks.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { DocumentWidget, type IDocumentWidget } from '@jupyterlab/docregistry';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator } from '@jupyterlab/translation';

import { tellerOf } from '../commands/changed';
import { CommandIDs } from '../commands/ids';
import { addNotebookCommands, NOTEBOOK_COMMANDS } from '../commands/notebook';
import { NameCompletions } from '../editing/names';
import { CheckedEditors, codeOfFile, SourceEditors } from '../editing/sources';
import { TaskButton } from '../notebook/buttons';
import { CleanStart } from '../notebook/cleanstart';
import { Dismissed } from '../notebook/dismissed';
import { Looks } from '../notebook/looks';
import { InjectedCells } from '../notebook/marks';
import type { IDocument, OpenNotebook } from '../notebook/opennotebook';
import { OpenNotebooks } from '../notebook/opennotebooks';
import { onServer } from '../paths';
import { IPipelines } from '../tokens';
import { fillNotebookMenus, inputsMenu } from './notebookmenus';
import { IPanel } from './panel';
import { bundle } from './translation';

const NOTEBOOK = 'jupyterlab-cauce:notebook';

export const notebook: JupyterFrontEndPlugin<void> = {
  id: NOTEBOOK,
  description:
    'Task notebooks: the line above them, the cell that is filled in, buttons in the toolbar.',
  autoStart: true,
  requires: [IPipelines, IPanel, IDocumentManager],
  optional: [
    IToolbarWidgetRegistry,
    ITranslator,
    INotebookTracker,
    ICommandPalette,
    IStateDB,
    ISettingRegistry,
    ICompletionProviderManager
  ],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    documents: IDocumentManager,
    toolbars: IToolbarWidgetRegistry | null,
    translator: ITranslator | null,
    notebooks: INotebookTracker | null,
    palette: ICommandPalette | null,
    memory: IStateDB | null,
    settings: ISettingRegistry | null,
    completions: ICompletionProviderManager | null
  ): void => {
    const { model, client } = pipelines;
    const { actions, showGraph } = panel;
    const { commands, docRegistry, serviceManager, shell } = app;
    const trans = bundle(translator);
    const dismissed = new Dismissed(memory);
    const checked = new CheckedEditors(trans);
    const showInGraph = (pipeline: string, task: string | null): void => {
      showGraph();
      void model.choose(pipeline).then(() => {
        model.select(task);
      });
    };
    const open = new OpenNotebooks({
      client,
      looks: new Looks({ client, model, events: serviceManager.events.stream }),
      contents: serviceManager.contents,
      documents: () => openDocuments(shell, documents),
      model,
      actions,
      trans,
      dismissed,
      checked,
      showInGraph,
      offerInputs: inputsMenu(commands)
    });
    const current = (): OpenNotebook | null => open.of(notebooks?.currentWidget ?? null);
    docRegistry.addWidgetExtension('Notebook', new InjectedCells(trans));
    docRegistry.addWidgetExtension('Notebook', new CleanStart());
    docRegistry.addWidgetExtension('Notebook', open);
    docRegistry.addWidgetExtension('Editor', new SourceEditors(model, checked));
    completions?.registerProvider(
      new NameCompletions(
        widget =>
          open.of(widget)?.code ??
          (widget instanceof DocumentWidget
            ? codeOfFile(model.snapshot, onServer(widget.context))
            : null)
      )
    );
    for (const what of ['pipeline', 'task'] as const) {
      toolbars?.addFactory<NotebookPanel>(
        'Notebook',
        what === 'pipeline' ? 'cauce-build' : 'cauce-run',
        owner => new TaskButton({ panel: owner, model, actions, trans, what })
      );
    }
    addNotebookCommands({
      commands,
      trans,
      current,
      showInGraph,
      isDismissed: path => dismissed.has(path),
      setDismissed: (path, value) => {
        dismissed.set(path, value);
      },
      onError: error => {
        actions.telling.error(error);
      }
    });
    for (const command of NOTEBOOK_COMMANDS) {
      palette?.addItem({ command, category: trans.__('Pipeline') });
    }
    fillNotebookMenus(app, current);
    actions.opening.shown.connect((_, path) => {
      void open.at(path)?.adopt();
    });
    const notify = tellerOf(commands, [
      ...NOTEBOOK_COMMANDS,
      // These are about its pipeline, which is known once it is open.
      CommandIDs.build,
      CommandIDs.buildForce,
      CommandIDs.plan
    ]);
    notebooks?.currentChanged.connect(notify);
    open.changed.connect(notify);
    dismissed.changed.connect(notify);
    void settings?.load(NOTEBOOK).then(loaded => {
      const read = (): void => {
        dismissed.all = loaded.composite.showTaskLine === false;
      };
      loaded.changed.connect(read);
      read();
    });
  }
};

/** The documents in the main area. */
function* openDocuments(
  shell: JupyterFrontEnd.IShell,
  documents: IDocumentManager
): Generator<IDocument> {
  for (const widget of shell.widgets('main')) {
    const context = documents.contextForWidget(widget);
    if (context !== undefined) {
      yield { context, widget: widget as IDocumentWidget };
    }
  }
}
