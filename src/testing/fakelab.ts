/**
 * A JupyterLab with the panel's parts in it and nothing behind them: the fake client answers, and
 * the only documents are those that a test has put there.
 */
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions/actions';
import type { Snapshot } from '../contract';
import { PipelineModel } from '../model';
import type { ITaskNotebook } from '../notebook/task';
import type { IShared } from '../sidebar/context';
import { Settings } from '../settings';
import { Lookers } from '../lookers';
import { RunsModel } from '../runsmodel';
import { TaskModel } from '../taskmodel';
import { FakeClient } from './fakeclient';

export class FakeLab implements IDisposable, IShared {
  readonly client = new FakeClient();
  readonly trans = nullTranslator.load('jupyterlab-cauce');
  readonly model = new PipelineModel({ client: this.client, events: new Signal({}) });
  readonly taskModel = new TaskModel(this.client, this.model);
  readonly runsModel = new RunsModel(this.client, this.model);
  readonly documents = new Map<string, FakeDocument>();
  readonly options: Actions.IOptions = {
    model: this.model,
    runs: this.runsModel,
    client: this.client,
    documents: {
      openOrReveal: path => this.documents.get(path) as unknown as IDocumentWidget,
      contextForWidget: widget =>
        widget instanceof FakeDocument
          ? (widget.context as unknown as DocumentRegistry.Context)
          : undefined
    },
    contents: { get: () => Promise.resolve(), save: () => Promise.resolve() },
    trans: this.trans,
    languages: null,
    widgets: () => this.documents.values(),
    shownAs: widget => (widget instanceof FakeDocument ? widget.shownAs : null),
    knowsType: path => /\.(py|csv|json|ipynb)$/.test(path),
    showFolder: () => undefined,
    folder: () => '',
    hasKernel: () => false,
    show: () => undefined,
    settings: () => this.settings.current,
    memory: null,
    notebookDiff: () => null
  };
  readonly actions = new Actions(this.options);
  readonly settings = new Settings();
  readonly lookers = new Lookers([this.model, this.taskModel, this.runsModel]);
  readonly viewMemory = null;
  readonly buildMenu = (): void => undefined;
  readonly graph = null;
  readonly more = (): void => undefined;
  readonly menus = { run: (): void => undefined, task: (): void => undefined };

  /** Open a document: of another drive, where it is named. */
  open(path: string, shownAs: ITaskNotebook | null = null, drive = ''): FakeDocument {
    const document = new FakeDocument(path, shownAs, drive);
    this.documents.set(document.context.path, document);
    return document;
  }

  folderShown = '';
  readonly folder = (): string => this.folderShown;
  readonly folderChanged = new Signal<object, void>({});

  /** Let the pipeline be as the snapshot says, and the model know. */
  async show(snapshot: Snapshot): Promise<void> {
    this.client.snapshots.set(snapshot.pipeline, snapshot);
    await this.model.refresh();
  }

  get isDisposed(): boolean {
    return this.model.isDisposed;
  }

  dispose(): void {
    this.actions.dispose();
    this.taskModel.dispose();
    this.runsModel.dispose();
    this.model.dispose();
  }
}

/** An open document, as far as ours look at it. */
export class FakeDocument extends Widget {
  constructor(
    path: string,
    readonly shownAs: ITaskNotebook | null,
    drive = ''
  ) {
    super();
    const model = { dirty: false };
    this.context = {
      path: drive === '' ? path : `${drive}:${path}`,
      localPath: path,
      ready: Promise.resolve(),
      model,
      save: () => {
        model.dirty = false;
        return Promise.resolve();
      },
      revert: () => {
        this.reverted++;
        return Promise.resolve();
      },
      sessionContext: { session: null }
    };
  }

  /** How often it was read from the disk again. */
  reverted = 0;
  readonly context: {
    readonly path: string;
    readonly localPath: string;
    readonly ready: Promise<void>;
    readonly model: { dirty: boolean };
    readonly save: () => Promise<void>;
    readonly revert: () => Promise<void>;
    readonly sessionContext: { readonly session: null };
  };
}

/** What `look` finds, once it finds something. */
export async function appears<T>(look: () => T | null | undefined): Promise<T> {
  for (let i = 0; i < 1000; i++) {
    const found = look();
    if (found != null) {
      return found;
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  throw new Error(`It did not appear: ${look.toString()}`);
}
