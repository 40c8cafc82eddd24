/**
 * The plugins of the extension: what is wired to what. Nothing is decided here.
 */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { Token } from '@lumino/coreutils';
import type { Menu, Widget } from '@lumino/widgets';

import { Actions } from './actions';
import { Client } from './client';
import { addCommands, CommandIDs } from './commands';
import { FileEditors } from './editing/editors';
import { FileCompletions } from './editing/provider';
import { Schemas } from './editing/schemas';
import { PipelineModel } from './model';
import { CleanStart, InjectedCells, TaskButton, taskOf } from './notebook';
import { PipelinePanel } from './sidebar/panel';
import { TaskModel } from './taskmodel';
import { IPipelines } from './tokens';

const DOMAIN = 'jupyterlab-cauce';
const PANEL = 'jupyterlab-cauce:panel';
const PRODUCTS_MENU = 'jp-contextmenu-cauce-products';

/** What the panel's plugin shares with our other ones. */
interface IPanel {
  readonly actions: Actions;
  readonly show: () => void;
}

const IPanel = new Token<IPanel>('jupyterlab-cauce:IPanel', 'The pipeline panel’s actions.');

function bundle(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}

const pipelines: JupyterFrontEndPlugin<IPipelines> = {
  id: 'jupyterlab-cauce:pipelines',
  description: 'Knows the pipelines of this JupyterLab.',
  autoStart: true,
  provides: IPipelines,
  optional: [IStateDB, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    memory: IStateDB | null,
    browser: IDefaultFileBrowser | null
  ): IPipelines => {
    const { serviceManager } = app;
    const client = new Client(serviceManager.serverSettings);
    const model = new PipelineModel({
      client,
      events: serviceManager.events.stream,
      memory,
      folder: () => folderOf(browser)
    });
    // A browser tab in the background loses its event socket, and events are not said twice.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && model.active) {
        void model.refresh();
      }
    });
    return { model, client };
  }
};

const panel: JupyterFrontEndPlugin<IPanel> = {
  id: PANEL,
  description: 'The pipeline panel in the left sidebar, and its commands.',
  autoStart: true,
  provides: IPanel,
  requires: [IPipelines, IDocumentManager],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    ITranslator,
    IDefaultFileBrowser,
    INotebookTracker
  ],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    documents: IDocumentManager,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null,
    notebooks: INotebookTracker | null
  ): IPanel => {
    const { model, client } = pipelines;
    const trans = bundle(translator);
    let notify = true;
    const folder = (): string => folderOf(browser);
    const show = (): void => {
      app.shell.activateById(sidebar.id);
    };
    const actions = new Actions({
      model,
      documents,
      contents: app.serviceManager.contents,
      trans,
      widgets: () => app.shell.widgets('main'),
      shownAs: widget => taskOf(notebooks?.find(each => each === widget)?.model),
      folder,
      show,
      notify: () => notify
    });
    const taskModel = new TaskModel(client, model);
    const more = moreMenu(app);
    const sidebar = new PipelinePanel({ model, taskModel, actions, trans, more, folder });
    sidebar.disposed.connect(() => {
      actions.dispose();
      taskModel.dispose();
    });
    restorer?.add(sidebar, sidebar.id);
    app.shell.add(sidebar, 'left', { rank: 600, type: 'Pipeline' });

    addCommands({
      commands: app.commands,
      model,
      actions,
      trans,
      show,
      notebookPipeline: () => {
        const current = notebooks?.currentWidget;
        return current != null && current === app.shell.currentWidget
          ? (taskOf(current.model)?.pipeline ?? null)
          : null;
      }
    });
    notebooks?.currentChanged.connect(() => {
      app.commands.notifyCommandChanged(CommandIDs.build);
      app.commands.notifyCommandChanged(CommandIDs.buildForce);
    });
    const category = trans.__('Pipeline');
    for (const command of [
      CommandIDs.build,
      CommandIDs.buildForce,
      CommandIDs.cancel,
      CommandIDs.show,
      CommandIDs.refresh,
      CommandIDs.evaluate,
      CommandIDs.scaffold,
      CommandIDs.clean,
      CommandIDs.createExample
    ]) {
      palette?.addItem({ command, category });
    }
    offerProducts(app, model);
    refocus(app, sidebar);
    void settings?.load(PANEL).then(loaded => {
      const read = (): void => {
        notify = loaded.composite.notifyOnFinish !== false;
      };
      loaded.changed.connect(read);
      read();
    });
    return { actions, show };
  }
};

const notebook: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:notebook',
  description: 'Task notebooks: marks the injected cell, adds buttons to the toolbar.',
  autoStart: true,
  requires: [IPipelines, IPanel],
  optional: [IToolbarWidgetRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    toolbars: IToolbarWidgetRegistry | null,
    translator: ITranslator | null
  ): void => {
    const { model } = pipelines;
    const { actions } = panel;
    const trans = bundle(translator);
    app.docRegistry.addWidgetExtension('Notebook', new InjectedCells(trans));
    app.docRegistry.addWidgetExtension('Notebook', new CleanStart());
    for (const what of ['pipeline', 'task'] as const) {
      toolbars?.addFactory<NotebookPanel>(
        'Notebook',
        what === 'pipeline' ? 'cauce-build' : 'cauce-run',
        owner => new TaskButton({ panel: owner, model, actions, trans, what })
      );
    }
  }
};

const filebrowser: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:filebrowser',
  description: 'Shows a pipeline file of the file browser in the panel, and notices new ones.',
  autoStart: true,
  requires: [IPipelines, IPanel],
  optional: [IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null
  ): void => {
    if (browser === null) {
      return;
    }
    const { model } = pipelines;
    const trans = bundle(translator);
    const selected = (): string | null => {
      const path = [...browser.selectedItems()][0]?.path;
      return model.pipelines?.find(each => each.path === path)?.path ?? null;
    };
    app.commands.addCommand(CommandIDs.showFile, {
      label: trans.__('Show Pipeline'),
      caption: trans.__('Show this pipeline in the panel'),
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => selected() !== null,
      execute: async () => {
        const path = selected();
        if (path !== null) {
          panel.show();
          await model.choose(path);
        }
      }
    });
    app.serviceManager.contents.fileChanged.connect((_, change) => {
      const paths = [change.oldValue?.path, change.newValue?.path];
      const saved = change.type === 'save';
      const known = model.pipelines?.some(each => paths.includes(each.path)) === true;
      // A saved pipeline is watched by the server; one that came or went changes the list.
      if (model.active && saved !== known && paths.some(path => /\.ya?ml$/.test(path ?? ''))) {
        void model.refresh(true);
      }
    });
  }
};

const editing: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:editing',
  description:
    'Helps to write pipeline.yaml and env.yaml: marks what is wrong, completes, explains.',
  autoStart: true,
  requires: [IPipelines],
  optional: [ICompletionProviderManager, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    completions: ICompletionProviderManager | null,
    translator: ITranslator | null
  ): void => {
    const { client, model } = pipelines;
    const schemas = new Schemas(client);
    const trans = bundle(translator);
    app.docRegistry.addWidgetExtension(
      'Editor',
      new FileEditors({ client, model, schemas, trans })
    );
    completions?.registerProvider(new FileCompletions(schemas, model));
  }
};

export default [pipelines, panel, notebook, filebrowser, editing];

function folderOf(browser: IDefaultFileBrowser | null): string {
  return browser?.model.path.replace(/^[^/]*:/, '') ?? '';
}

/** The menu of what can be done with the whole pipeline, beside building it. */
function moreMenu(app: JupyterFrontEnd): (anchor: HTMLElement) => void {
  const menu = new MenuSvg({ commands: app.commands });
  for (const group of [
    [CommandIDs.buildForce, CommandIDs.evaluate],
    [CommandIDs.scaffold, CommandIDs.clean]
  ]) {
    if (menu.items.length > 0) {
      menu.addItem({ type: 'separator' });
    }
    for (const command of group) {
      menu.addItem({ command });
    }
  }
  let opener: HTMLElement | null = null;
  menu.aboutToClose.connect(() => {
    opener?.focus();
  });
  return anchor => {
    const { left, bottom } = anchor.getBoundingClientRect();
    opener = anchor;
    menu.open(left, bottom);
  };
}

/** When the context menu of something in a widget closes, the focus goes back to that. */
function refocus(app: JupyterFrontEnd, widget: Widget): void {
  let opener: HTMLElement | SVGElement | null = null;
  widget.node.addEventListener('contextmenu', () => {
    const { activeElement } = document;
    opener =
      activeElement instanceof HTMLElement || activeElement instanceof SVGElement
        ? activeElement
        : null;
  });
  app.contextMenu.menu.aboutToClose.connect(() => {
    opener?.focus();
    opener = null;
  });
}

/** Fill the submenu of a task's products whenever the context menu opens. */
function offerProducts(app: JupyterFrontEnd, model: PipelineModel): void {
  const isProducts = (item: Menu.IItem): boolean => item.submenu?.id === PRODUCTS_MENU;
  app.contextMenu.opened.connect(() => {
    const submenu = app.contextMenu.menu.items.find(isProducts)?.submenu;
    submenu?.clearItems();
    for (const product of model.selectedTask?.products ?? []) {
      if (product.kind !== 'file') {
        continue;
      }
      submenu?.addItem({ command: CommandIDs.openProduct, args: { product: product.path } });
    }
  });
}
