/**
 * What writes into the project, or removes from it.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import { writeStarter } from '../starter';
import type { Actions } from './actions';
import { FileList } from './filelist';
import type { Telling } from './telling';

export class Changing {
  constructor(options: Actions.IOptions, telling: Telling) {
    this._options = options;
    this._telling = telling;
  }

  /** Create the sources that the pipeline names and that do not exist. */
  async scaffold(): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    try {
      const { files } = await model.scaffold(path);
      Notification.success(
        files.length === 0
          ? trans.__('All sources are there: nothing was created.')
          : trans.__('Created %1.', files.join(', ')),
        { autoClose: 5000 }
      );
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** Move what a task (or every task) has made to the trash, after showing what that is. */
  async clean(task: string | null): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    const tasks = task === null ? [] : [task];
    try {
      const { moved, kept } = await model.clean(path, { tasks, dryRun: true });
      const why = Object.entries(kept).map(([file, reason]) => `${file}: ${reason}`);
      if (moved.length === 0) {
        Notification.info([trans.__('There is nothing to remove.'), ...why].join('\n'), {
          autoClose: 8000
        });
        return;
      }
      const asked = await showDialog({
        title: trans._n('Move %1 file to the trash?', 'Move %1 files to the trash?', moved.length),
        body: new FileList(moved, why.length === 0 ? '' : trans.__('Kept: %1', why.join('; '))),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Move to Trash') })
        ],
        defaultButton: 0
      });
      if (asked.button.accept) {
        await model.clean(path, { tasks, dryRun: false });
      }
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** Write a small pipeline into the user's folder, and show it. */
  async createExample(): Promise<void> {
    const { contents, folder, model, trans } = this._options;
    const where = folder();
    try {
      const inTheWay = await writeStarter(contents, where);
      if (inTheWay.length > 0) {
        void showDialog({
          title: trans.__('Nothing was written'),
          body: trans.__(
            'There is already %1. Choose another folder in the file browser, or move it away.',
            inTheWay.join(', ')
          ),
          buttons: [Dialog.okButton({ label: trans.__('OK') })]
        });
        return;
      }
      await model.refresh(true);
      await model.choose(where === '' ? 'pipeline.yaml' : `${where}/pipeline.yaml`);
    } catch (error) {
      this._telling.error(error);
    }
  }

  private readonly _options: Actions.IOptions;
  private readonly _telling: Telling;
}
