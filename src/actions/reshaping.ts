/**
 * What changes the pipeline itself: its tasks, what they need, where its values are from.
 *
 * Open files of the pipeline are saved before, and read again after they were written. Each change is told
 * together with the way back.
 */
import { Notification } from '@jupyterlab/apputils';

import type { IClient } from '../client';
import type { Changed, Task } from '../contract';
import { dependents, folderOfSources, newTask, upstreamChange } from '../dialogs/form';
import { fromServerRoot, onServer } from '../paths';
import type { Actions } from './actions';
import type { Opening } from './opening';
import { saveSources } from './saving';
import type { Telling } from './telling';

/** How long a change can be taken back from its notification, in milliseconds. */
const UNDO_FOR = 30_000;

/** What is known beforehand of a task to be added. */
export interface INewTaskHints {
  readonly source?: string;
  readonly name?: string;
  readonly upstream?: readonly string[];
  readonly after?: string;
}

export class Reshaping {
  constructor(options: Actions.IOptions, telling: Telling, opening: Opening) {
    this._options = options;
    this._telling = telling;
    this._opening = opening;
  }

  /** Ask what the task is to be, add it, and open its source. */
  async addTask(hints: INewTaskHints = {}): Promise<void> {
    const { model, trans } = this._options;
    const { path, snapshot } = model;
    if (path === null || snapshot === null) {
      return;
    }
    const { askForChange, createElement, NewTaskFields } = await dialogs();
    const { tasks } = snapshot;
    const after = hints.after ?? hints.upstream?.at(-1) ?? '';
    const changed = await this._untilDone(
      {
        source: hints.source ?? '',
        name: hints.name ?? '',
        products: '',
        client: '',
        upstream: hints.upstream ?? []
      },
      initial =>
        askForChange({
          trans,
          title: trans.__('Add a task'),
          accept: trans.__('Add'),
          initial,
          fields: props =>
            createElement(NewTaskFields, {
              ...props,
              trans,
              folder: folderOfSources(tasks),
              names: tasks.map(task => task.name)
            }),
          ask: form => {
            const request = newTask(form, after, true);
            return request === null ? null : model.ask(client => client.addTask(path, request));
          }
        }),
      form => {
        const request = newTask(form, after, false);
        return request === null ? null : client => client.addTask(path, request);
      }
    );
    const added = changed === null ? null : this._task(changed.task);
    if (added !== null) {
      model.select(added.name);
      this._opening.openTask(added);
    }
  }

  /** Ask for another name, and call the task so wherever its name is written. */
  async renameTask(task: Task): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    const { askForChange, createElement, NameField } = await dialogs();
    const changed = await this._untilDone(
      task.name,
      initial =>
        askForChange({
          trans,
          title: trans.__('Rename the task “%1”', task.name),
          accept: trans.__('Rename'),
          initial,
          fields: props =>
            createElement(NameField, {
              ...props,
              label: trans.__('Name'),
              hint: trans.__(
                'Tasks that need it say so by the new name. What it has made and its history stay: nothing runs again.'
              )
            }),
          ask: name =>
            name.trim() === '' || name.trim() === task.name
              ? null
              : model.ask(client => client.renameTask(path, task.name, { name, dryRun: true }))
        }),
      name => client => client.renameTask(path, task.name, { name, dryRun: false })
    );
    if (changed !== null) {
      model.select(changed.task);
    }
  }

  /** Ask whether, and take the task out of the pipeline. */
  async removeTask(task: Task): Promise<void> {
    const { model, trans } = this._options;
    const { path, snapshot } = model;
    if (path === null || snapshot === null) {
      return;
    }
    const { askForChange, createElement, RemovalFields } = await dialogs();
    const needing = snapshot.tasks.filter(each => each.upstream.includes(task.name));
    await this._untilDone(
      { detach: false, trash: false },
      initial =>
        askForChange({
          trans,
          title: trans.__('Remove “%1” from the pipeline?', task.name),
          accept: trans.__('Remove'),
          warns: true,
          initial,
          fields: props =>
            createElement(RemovalFields, {
              ...props,
              trans,
              source: task.source,
              dependents: needing.map(each => each.name),
              hasFile: task.kind !== 'function'
            }),
          ask: form =>
            model.ask(client => client.removeTask(path, task.name, { ...form, dryRun: true }))
        }),
      form => client => client.removeTask(path, task.name, { ...form, dryRun: false })
    );
  }

  /** Ask what a task is to need. */
  async editUpstream(task: Task): Promise<void> {
    const { model, trans } = this._options;
    const { path, snapshot } = model;
    if (path === null || snapshot === null) {
      return;
    }
    const { askForChange, createElement, UpstreamFields } = await dialogs();
    const not = dependents(snapshot.tasks, task.name);
    const names = snapshot.tasks.map(each => each.name).filter(name => !not.has(name));
    await this._untilDone(
      task.upstream,
      initial =>
        askForChange({
          trans,
          title: trans.__('What “%1” needs', task.name),
          accept: trans.__('Change'),
          initial,
          fields: props =>
            createElement(UpstreamFields, { ...props, trans, names, label: trans.__('Needs') }),
          ask: wanted => {
            const request = upstreamChange(task.upstream, wanted, true);
            return request === null
              ? null
              : model.ask(client => client.changeUpstream(path, task.name, request));
          }
        }),
      wanted => {
        const request = upstreamChange(task.upstream, wanted, false);
        return request === null ? null : client => client.changeUpstream(path, task.name, request);
      }
    );
  }

  /** Let a task need another. Whoever calls has shown what that is: it is done at once, with a way back. */
  async connect(from: string, to: string): Promise<void> {
    await this._changeUpstream(to, { add: [from] });
  }

  /** Let a task no longer need another. */
  async disconnect(from: string, to: string): Promise<void> {
    await this._changeUpstream(to, { remove: [from] });
  }

  /** Ask, write a pipeline file for these files, and show it. */
  async createPipeline(folder: string, files: readonly string[]): Promise<void> {
    const { model, show, trans } = this._options;
    const { askForChange, createElement, NameField } = await dialogs();
    const pathOf = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
    let created = '';
    const changed = await this._untilDone(
      'pipeline.yaml',
      initial =>
        askForChange({
          trans,
          title: trans._n(
            'Create a pipeline from %1 file',
            'Create a pipeline from %1 files',
            files.length
          ),
          accept: trans.__('Create'),
          initial,
          fields: props =>
            createElement(NameField, {
              ...props,
              label: trans.__('Pipeline file'),
              hint: trans.__('What the tasks make is guessed: correct it in the file.')
            }),
          ask: name =>
            name.trim() === ''
              ? null
              : model.ask(client =>
                  client.createPipeline({ path: pathOf(name.trim()), files, dryRun: true })
                )
        }),
      name => {
        created = pathOf(name.trim());
        return client => client.createPipeline({ path: created, files, dryRun: false });
      },
      () => created
    );
    if (changed !== null) {
      await model.refresh(true);
      await model.choose(created);
      show();
    }
  }

  /** Have the values of another file used. */
  async chooseProfile(profile: string): Promise<void> {
    const { model } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    try {
      await model.change(client => client.chooseProfile(path, profile));
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** Take a change of a pipeline back; `undo` is what its reply has told. */
  async undo(pipeline: string, undo: string): Promise<void> {
    const { model } = this._options;
    try {
      await this._do(client => client.undo(pipeline, undo), pipeline);
      if (!model.pipelines?.some(each => each.path === pipeline)) {
        await model.refresh(true);
      }
    } catch (error) {
      this._telling.error(error);
    }
  }

  private async _changeUpstream(
    task: string,
    names: { readonly add?: readonly string[]; readonly remove?: readonly string[] }
  ): Promise<void> {
    const { model } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    const request = { add: [], remove: [], ...names, dryRun: false };
    try {
      await this._do(client => client.changeUpstream(path, task, request), path);
    } catch (error) {
      this._telling.error(error);
    }
  }

  /**
   * Ask and do, and ask again with what was filled in while that is refused. Resolves with what was done, or
   * with `null` when the user thought better of it.
   */
  private async _untilDone<T>(
    initial: T,
    ask: (initial: T) => Promise<T | null>,
    request: (value: T) => ((client: IClient) => Promise<Changed>) | null,
    pipeline: () => string | null = () => this._options.model.path
  ): Promise<Changed | null> {
    let value: T | null = initial;
    for (;;) {
      value = await ask(value);
      const call = value === null ? null : request(value);
      if (value === null || call === null) {
        return null;
      }
      try {
        return await this._do(call, pipeline() ?? '');
      } catch (error) {
        this._telling.error(error);
      }
    }
  }

  /** Do it with saved files; read again what is open of them; tell it. `null` when a file stayed unsaved. */
  private async _do(
    call: (client: IClient) => Promise<Changed>,
    pipeline: string
  ): Promise<Changed | null> {
    const { model, trans } = this._options;
    const unsaved = await saveSources(this._options);
    if (unsaved !== null) {
      Notification.warning(
        trans.__('Nothing was changed: %1 could not be saved. Save it, and try again.', unsaved)
      );
      return null;
    }
    const changed = await model.change(call);
    await this._readAgain(changed);
    this._tell(changed, pipeline);
    return changed;
  }

  /** Documents that show what was written: what they hold is out of date, and JupyterLab would ask about it. */
  private async _readAgain(changed: Changed): Promise<void> {
    const { documents, model, widgets } = this._options;
    const { snapshot } = model;
    if (snapshot === null) {
      return;
    }
    const paths = new Set(
      changed.files.flatMap(({ path }) => fromServerRoot(snapshot, path) ?? [])
    );
    const contexts = new Set(
      [...widgets()].flatMap(widget => documents.contextForWidget(widget) ?? [])
    );
    for (const context of contexts) {
      const busy = context.sessionContext.session?.kernel?.status === 'busy';
      if (paths.has(onServer(context) ?? '') && !context.model.dirty && !busy) {
        await context.revert().catch(() => undefined); // JupyterLab tells why
      }
    }
  }

  private _tell(changed: Changed, pipeline: string): void {
    const { trans } = this._options;
    const text = [
      ...changed.said,
      ...changed.problems.map(problem => trans.__('To be mended: %1', problem.message))
    ].join('\n');
    if (changed.files.length === 0) {
      Notification.info(text, { autoClose: 5000 });
      return;
    }
    const { undo } = changed;
    const actions =
      undo === ''
        ? []
        : [
            {
              label: trans.__('Undo'),
              caption: trans.__('Write the files as they were before'),
              callback: () => {
                void this.undo(pipeline, undo);
              }
            }
          ];
    Notification.success(text, { autoClose: UNDO_FOR, actions });
  }

  private _task(name: string): Task | null {
    return this._options.model.snapshot?.tasks.find(task => task.name === name) ?? null;
  }

  private readonly _options: Actions.IOptions;
  private readonly _telling: Telling;
  private readonly _opening: Opening;
}

/** The dialogs, which most users need rarely. */
async function dialogs() {
  const [{ askForChange }, fields, { createElement }] = await Promise.all([
    import('../dialogs/dialog'),
    import('../dialogs/fields'),
    import('react')
  ]);
  return { ...fields, askForChange, createElement };
}
