/**
 * The plugin with the panel, in the sidebar and as a tab of the main area, and its commands.
 */
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { Actions } from '../actions/actions';
import { addCommands } from '../commands/commands';
import { addExportCommand } from '../commands/exporting';
import { CommandIDs } from '../commands/ids';
import { PALETTE } from '../commands/palette';
import { FollowRunning } from '../follow';
import { FORMATS } from '../graph/look';
import { cauceIcon } from '../icons';
import { taskOf } from '../notebook/task';
import { onServer } from '../paths';
import { Settings } from '../settings';
import type { IShared } from '../sidebar/context';
import { Lookers } from '../lookers';
import { PipelinePanel } from '../sidebar/panel';
import { RunsModel } from '../runsmodel';
import { TaskModel } from '../taskmodel';
import { IPipelines } from '../tokens';
import { folderOf, selectedIn } from './folder';
import { buildMenu, moreMenu, offerProducts, refocus, taskMenus } from './menus';
import { notebookDiff } from './nbdime';
import { graphActions } from './graph';
import { bundle } from './translation';

const PANEL = 'jupyterlab-cauce:panel';

/** What the panel's plugin shares with our other ones. */
export interface IPanel {
  readonly actions: Actions;
  readonly show: () => void;
  /** Bring the panel to the front, with the graph. */
  readonly showGraph: () => void;
}

export const IPanel = new Token<IPanel>('jupyterlab-cauce:IPanel', 'The pipeline panel’s actions.');

export const panel: JupyterFrontEndPlugin<IPanel> = {
  id: PANEL,
  description: 'The pipeline panel in the left sidebar or the main area, and its commands.',
  autoStart: true,
  provides: IPanel,
  requires: [IPipelines, IDocumentManager],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    ITranslator,
    IDefaultFileBrowser,
    INotebookTracker,
    IStateDB,
    ILauncher,
    ILabShell,
    IEditorLanguageRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    documents: IDocumentManager,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null,
    notebooks: INotebookTracker | null,
    viewMemory: IStateDB | null,
    launcher: ILauncher | null,
    labShell: ILabShell | null,
    languages: IEditorLanguageRegistry | null
  ): IPanel => {
    const { model, client } = pipelines;
    const { commands, shell } = app;
    const trans = bundle(translator);
    const category = trans.__('Pipeline');
    const settings = new Settings();
    const { contents } = app.serviceManager;
    const folder = (): string => folderOf(browser, contents);
    const show = (): void => {
      shell.activateById(sidebar.id);
    };
    const runsModel = new RunsModel(client, model);
    const actions = new Actions({
      model,
      runs: runsModel,
      client,
      documents,
      contents,
      trans,
      languages,
      widgets: () => shell.widgets('main'),
      knowsType: path => knowsType(app.docRegistry, path),
      showFolder: path => {
        void commands.execute('filebrowser:go-to-path', { path });
      },
      shownAs: widget => taskOf(notebooks?.find(each => each === widget)?.model),
      folder,
      hasKernel: path =>
        [...app.serviceManager.sessions.running()].some(session => session.path === path),
      show,
      settings: () => settings.current,
      memory: viewMemory,
      notebookDiff: notebookDiff(app, trans)
    });
    const taskModel = new TaskModel(client, model);
    const follower = new FollowRunning(model, () => settings.current.followRunning);
    const shared: IShared = {
      model,
      taskModel,
      runsModel,
      lookers: new Lookers([model, taskModel, runsModel]),
      actions,
      trans,
      settings,
      more: moreMenu(app),
      buildMenu: buildMenu(app),
      menus: taskMenus(app),
      folder,
      folderChanged: browser?.model.pathChanged ?? null,
      viewMemory,
      graph: graphActions(commands)
    };
    const sidebar = new PipelinePanel(shared, 'cauce-panel');
    sidebar.disposed.connect(() => {
      actions.dispose();
      taskModel.dispose();
      follower.dispose();
      runsModel.dispose();
    });
    restorer?.add(sidebar, sidebar.id);
    shell.add(sidebar, 'left', { rank: 600, type: 'Pipeline' });
    refocus(app, sidebar);

    const tabs = new WidgetTracker<MainAreaWidget<PipelinePanel>>({ namespace: 'cauce-main' });
    commands.addCommand(CommandIDs.openMain, {
      label: args =>
        args.isLauncher === true ? trans.__('Pipeline') : trans.__('Open Pipeline in Main Area'),
      caption: trans.__('Show the pipeline in a tab of its own, beside your notebooks'),
      icon: cauceIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        if (labShell === null) {
          show(); // Notebook 7 has one document in its main area, and no tabs
          return;
        }
        let tab = tabs.find(() => true);
        if (tab === undefined) {
          const content = new PipelinePanel(shared, 'cauce-main-panel');
          tab = new MainAreaWidget({ content });
          tab.id = 'cauce-main';
          tab.title.label = trans.__('Pipeline');
          tab.title.icon = cauceIcon;
          tab.title.closable = true;
          tab.toolbar.hide();
          refocus(app, content);
          shell.add(tab, 'main', { type: 'Pipeline' });
          await tabs.add(tab);
        }
        shell.activateById(tab.id);
      }
    });
    // Notebook 7 has neither a layout to restore nor a place for it.
    void restorer?.restore(tabs, { command: CommandIDs.openMain, name: () => 'pipeline' });
    launcher?.add({
      command: CommandIDs.openMain,
      args: { isLauncher: true },
      category: trans.__('Other'),
      rank: 3
    });

    const tell = addCommands({
      commands,
      model,
      runs: runsModel,
      actions,
      trans,
      settings: () => settings.current,
      show,
      showView: view => {
        show();
        sidebar.viewState.set({ view });
      },
      notebookPipeline: () => {
        const current = notebooks?.currentWidget;
        return current != null && current === shell.currentWidget
          ? (taskOf(current.model)?.pipeline ?? null)
          : null;
      },
      notebook: () => {
        const current = notebooks?.currentWidget;
        return current != null && current === shell.currentWidget
          ? onServer(current.context)
          : null;
      },
      selectedFile: () => {
        const [first, second] = browser === null ? [] : selectedIn(browser, contents);
        return first === undefined || second !== undefined || first.type === 'directory'
          ? null
          : first.path;
      }
    });
    addExportCommand({
      commands,
      model,
      actions,
      trans,
      contents
    });
    for (const format of FORMATS) {
      palette?.addItem({ command: CommandIDs.exportGraph, category, args: { format } });
    }
    // Some are about the notebook that one works in.
    notebooks?.currentChanged.connect(tell);
    shell.currentChanged?.connect(tell);
    for (const command of PALETTE) {
      palette?.addItem({ command, category });
    }
    void app.restored.then(() => actions.splitting.takeUpProofs());
    offerProducts(app, model);
    void registry?.load(PANEL).then(loaded => {
      const read = (): void => {
        settings.set(loaded.composite);
      };
      loaded.changed.connect(read);
      read();
    });
    return {
      actions,
      show,
      showGraph: () => {
        sidebar.viewState.set({ view: 'graph' });
        show();
      }
    };
  }
};

/** Is there a kind of file that JupyterLab tells by this name? All that it does not know is text. */
function knowsType(registry: DocumentRegistry, path: string): boolean {
  return registry.getFileTypesForPath(path).some(({ name }) => name !== 'text');
}
