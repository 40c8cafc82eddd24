/**
 * From one notebook to a pipeline: the dialog, and what is offered once it is written: the way back, and the
 * proof that the pipeline computes what the notebook does.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import type { SplitApplied, SplitProof, SplitRequest, SplitRun } from '../contract';
import { onServer } from '../paths';
import { Proofs } from '../proofs';
import type { Actions } from './actions';
import type { Reshaping } from './reshaping';
import type { Telling } from './telling';

/** How long it can be taken back from its notification, in milliseconds. */
const UNDO_FOR = 60_000;
/** So often one looks how far a proof has come, and so often in vain before one gives up. */
const LOOK = 700;
const PATIENCE = 20;

export class Splitting {
  constructor(options: Actions.IOptions, telling: Telling, reshaping: Reshaping) {
    this._options = options;
    this._telling = telling;
    this._reshaping = reshaping;
    this._proofs = new Proofs(options.memory);
  }

  /** Let the user split a notebook, and show the pipeline that it has become. */
  async split(notebook: string, parts: Partial<SplitRequest> = {}): Promise<void> {
    const { client, languages, model, show, trans } = this._options;
    if (!(await this._save(notebook))) {
      return;
    }
    try {
      const { showSplit } = await import('../split/dialog');
      const done = await showSplit({ client, trans, languages, notebook, parts });
      if (done !== null) {
        const { pipeline } = done.applied;
        await model.refresh(true);
        await model.choose(pipeline);
        show();
        this._tell(notebook, done.applied, done.tasks);
      }
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** Run the pipeline that a notebook has become, compare the two, and tell what came of it. */
  async prove(notebook: string, pipeline: string): Promise<void> {
    try {
      const run = await this._options.client.startSplitRun('proof', { notebook, pipeline });
      this._proofs.add(notebook);
      this._proving.add(pipeline);
      await this._followProof(notebook, run);
    } catch (error) {
      this._telling.error(error);
    } finally {
      this._proving.delete(pipeline);
    }
  }

  /** Has this page begun a proof of the pipeline that goes on? */
  isProving(pipeline: string): boolean {
    return this._proving.has(pipeline);
  }

  /** Ask first, for it runs the notebook and the whole pipeline; then prove. */
  async askAndProve(notebook: string, pipeline: string): Promise<void> {
    const { trans } = this._options;
    const asked = await showDialog({
      title: trans.__('Compare the notebook with its pipeline?'),
      body: trans.__(
        '“%1” and all tasks of “%2” are run, files that they write are written anew, and the variables of the two are compared.',
        notebook,
        pipeline
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Run and Compare') })
      ]
    });
    if (asked.button.accept) {
      await this.prove(notebook, pipeline);
    }
  }

  /** Go on telling of the proofs that a page before this one has begun. */
  async takeUpProofs(): Promise<void> {
    const { client } = this._options;
    await Promise.all(
      (await this._proofs.begun()).map(async notebook => {
        const run = await client.splitRun('proof', notebook).catch(() => null);
        if (run?.state === 'none') {
          this._proofs.delete(notebook); // the server has been started anew
        } else if (run !== null) {
          await this._followProof(notebook, run);
        }
      })
    );
  }

  /** Tell how far a proof is until it has ended, and then how. */
  private async _followProof(notebook: string, began: SplitRun): Promise<void> {
    const { client, trans } = this._options;
    let run = began;
    const stop: Notification.IAction = {
      label: trans.__('Stop'),
      caption: trans.__('Stop running the pipeline'),
      callback: event => {
        event.preventDefault();
        client.cancelSplitRun('proof', notebook).catch((error: unknown) => {
          this._telling.error(error);
        });
      }
    };
    const told = Notification.emit(proving(this._options, run), 'in-progress', {
      autoClose: false,
      actions: [stop]
    });
    let missed = 0;
    while (run.state === 'running') {
      await new Promise(resolve => setTimeout(resolve, LOOK));
      try {
        run = await client.splitRun('proof', notebook);
        missed = 0;
      } catch (error) {
        if (++missed > PATIENCE) {
          Notification.dismiss(told);
          this._telling.error(error);
          return;
        }
      }
      if (run.state === 'running') {
        Notification.update({
          id: told,
          message: proving(this._options, run),
          ...(run.total === 0 ? {} : { progress: run.done / run.total })
        });
      }
    }
    Notification.dismiss(told);
    this._proofs.delete(notebook);
    await this._tellProof(run);
  }

  private async _tellProof(run: SplitRun): Promise<void> {
    const { trans } = this._options;
    const { proof, message, state } = run;
    if (proof !== null) {
      const { proofWords } = await import('../split/proof');
      const words = proofWords(trans, proof);
      const actions = [
        {
          label: trans.__('Details'),
          caption: trans.__('Show what was compared, task by task'),
          callback: () => void this._showProof(proof)
        }
      ];
      if (proof.same) {
        Notification.success(words, { autoClose: 20_000, actions });
      } else {
        Notification.warning(words, { autoClose: false, actions });
      }
    } else if (state === 'cancelled') {
      Notification.info(trans.__('The proof was stopped.'), { autoClose: 5000 });
    } else {
      Notification.error(trans.__('It could not be proved. %1', message).trim(), {
        autoClose: false
      });
    }
  }

  private async _showProof(proof: SplitProof): Promise<void> {
    const { showProof } = await import('../split/proofdialog');
    await showProof({ trans: this._options.trans, proof });
  }

  private _tell(notebook: string, { pipeline, changed }: SplitApplied, tasks: number): void {
    const { trans } = this._options;
    const text = [
      trans._n('Split into %1 task.', 'Split into %1 tasks.', tasks),
      ...changed.problems.map(problem => trans.__('To be mended: %1', problem.message))
    ].join('\n');
    const { undo } = changed;
    const actions: Notification.IAction[] = [
      {
        label: trans.__('Prove It'),
        caption: trans.__('Run the pipeline, and compare its variables with those of the notebook'),
        displayType: 'accent',
        callback: () => void this.prove(notebook, pipeline)
      }
    ];
    if (undo !== '') {
      actions.unshift({
        label: trans.__('Undo'),
        caption: trans.__('Remove what was written'),
        callback: () => void this._reshaping.undo(pipeline, undo)
      });
    }
    Notification.success(text, { autoClose: UNDO_FOR, actions });
  }

  /** The plan is made of the file: is that what the user sees? */
  private async _save(notebook: string): Promise<boolean> {
    const { documents, trans, widgets } = this._options;
    const unsaved = new Set(
      [...widgets()].flatMap(widget => {
        const context = documents.contextForWidget(widget);
        return context !== undefined && onServer(context) === notebook && context.model.dirty
          ? [context]
          : [];
      })
    );
    if (unsaved.size === 0) {
      return true;
    }
    const asked = await showDialog({
      title: trans.__('Save the notebook first?'),
      body: trans.__(
        '%1 has changes that are not saved. It is split as it is in its file.',
        notebook.split('/').at(-1) ?? notebook
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Save and Go On') })
      ]
    });
    if (!asked.button.accept) {
      return false;
    }
    for (const context of unsaved) {
      await context.save().catch(() => undefined); // JupyterLab tells why; we see that it is dirty
      if (context.model.dirty) {
        return false;
      }
    }
    return true;
  }

  private readonly _options: Actions.IOptions;
  private readonly _telling: Telling;
  private readonly _reshaping: Reshaping;
  private readonly _proofs: Proofs;
  private readonly _proving = new Set<string>();
}

function proving({ trans }: Pick<Actions.IOptions, 'trans'>, run: SplitRun): string {
  return run.total === 0
    ? trans.__('Running the pipeline to compare it with the notebook…')
    : trans.__('Comparing the pipeline with the notebook: %1 of %2 tasks', run.done, run.total);
}
