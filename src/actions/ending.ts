/**
 * Telling how a run ended, and offering what one would do next.
 */
import { Notification } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';

import type { Run, RunRequest, Task } from '../contract';
import type { IEnded } from '../model';
import { executedNotebook } from '../paths';
import type { ISettings } from '../settings';
import { failedTasks, lastCauses, runWords } from '../words';
import type { Actions } from './actions';
import type { Opening } from './opening';
import type { Running } from './running';
import type { Splitting } from './splitting';

export class Ending implements IDisposable {
  constructor(
    options: Actions.IOptions,
    running: Running,
    opening: Opening,
    splitting: Pick<Splitting, 'isProving'>
  ) {
    this._options = options;
    this._splitting = splitting;
    this._running = running;
    this._opening = opening;
    options.model.ended.connect(this._onEnded, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._options.model.ended.disconnect(this._onEnded, this);
  }

  private _onEnded(_: unknown, ended: IEnded): void {
    const { model, settings, trans } = this._options;
    // What an earlier run came to is no news any more.
    Notification.dismiss(this._told);
    const { pipeline, run, tasks } = ended;
    const seen = model.active && !document.hidden && pipeline === model.path;
    // That the tasks of a proof have run is half of the news: the other half is about to be told, with the first.
    const half = run.state === 'ok' && this._splitting.isProving(pipeline);
    if (half || !isTold(settings(), run, seen)) {
      return;
    }
    const elsewhere = pipeline === model.path ? '' : ` (${pipeline})`;
    const words = runWords(trans, run, model.actionOf(run.id), lastCauses(run, tasks)) + elsewhere;
    switch (run.state) {
      case 'ok':
        this._told = Notification.success(words, {
          autoClose: seen ? 5000 : 20_000,
          actions: this._actions(ended)
        });
        break;
      case 'cancelled':
        this._told = Notification.info(words, { autoClose: 5000, actions: this._actions(ended) });
        break;
      default:
        this._told = Notification.error(words, {
          autoClose: false,
          actions: this._actions(ended)
        });
    }
  }

  private _actions({ pipeline, run, tasks }: IEnded): Notification.IAction[] {
    const { model, show, trans } = this._options;
    const [failed = null] = failedTasks(run);
    const there = async (): Promise<void> => {
      await model.choose(pipeline);
      if (failed !== null) {
        model.select(failed);
      }
    };
    const found: Notification.IAction[] = [
      {
        label: trans.__('Show'),
        caption:
          failed === null
            ? trans.__('Show the pipeline in the panel')
            : trans.__('Show the failed task in the panel'),
        callback: () => {
          show();
          void there();
        }
      }
    ];
    const where = tasks.find(task => task.name === failed)?.lastAttempt?.error?.where ?? null;
    const notebook = notebookOf(run, tasks);
    if (where !== null) {
      found.push({
        label: trans.__('Open at Error'),
        caption: trans.__('Open the source at the line that failed'),
        callback: event => {
          event.preventDefault(); // it stays: one mends the line, and then runs it again
          void there().then(() => this._opening.openWhere(where));
        }
      });
    } else if (notebook !== null) {
      found.push({
        label: trans.__('Open Notebook'),
        caption: trans.__('Open the notebook that this run made'),
        callback: () => {
          void there().then(() => {
            this._opening.openExecuted(notebook);
          });
        }
      });
    }
    const again = requestAgain(run, model.requestOf(run.id));
    if (again !== null) {
      found.push({
        label: trans.__('Rerun'),
        caption: trans.__('Run what did not succeed again'),
        displayType: 'accent',
        callback: () => {
          void there().then(() => this._running.build(again));
        }
      });
    }
    return found;
  }

  private readonly _options: Actions.IOptions;
  private readonly _splitting: Pick<Splitting, 'isProving'>;
  private readonly _running: Running;
  private readonly _opening: Opening;
  /** The notification of the last run's end. */
  private _told = '';
  private _isDisposed = false;
}

/** Is the end of a run told by a notification? `seen`: the user looks at the panel that shows it. */
export function isTold(
  { notify, notifyAfter }: Pick<ISettings, 'notify' | 'notifyAfter'>,
  run: Run,
  seen: boolean
): boolean {
  const took = (run.ended ?? run.started) - run.started;
  return notify === 'always' || (notify === 'away' && (!seen || took >= notifyAfter));
}

/** How many tasks a request may name. */
const MOST_NAMES = 1000;

/**
 * What runs again what a run has left undone; `null` when that is nothing. `asked` is what the run
 * was asked for, where that is known: one that left out what its tasks need does so again.
 */
export function requestAgain(run: Run, asked: RunRequest | null): RunRequest | null {
  if (run.state === 'ok' || run.state === 'running') {
    return null;
  }
  if (asked !== null && (asked.action ?? 'build') !== 'build') {
    return asked;
  }
  const left = Object.entries(run.tasks).flatMap(([name, state]) =>
    state === 'ok' || state === 'unchanged' ? [] : [name]
  );
  const narrow = asked?.mode === 'from' || asked?.mode === 'only';
  return {
    ...asked,
    tasks: left.length > MOST_NAMES ? (asked?.tasks ?? []) : left,
    ...(narrow && left.length <= MOST_NAMES ? { mode: 'only' } : {})
  };
}

/** The task whose executed notebook one would look at: the last that ran, if it left one. */
function notebookOf(run: Run, tasks: readonly Task[]): Task | null {
  const [failed] = failedTasks(run);
  const ran = Object.keys(run.tasks).filter(name => run.tasks[name] === 'ok');
  const name = failed ?? ran.at(-1);
  const task = tasks.find(each => each.name === name);
  if (task === undefined) {
    return null;
  }
  const left =
    failed === undefined
      ? executedNotebook(task)?.exists === true
      : task.lastAttempt?.error?.notebook != null;
  return left ? task : null;
}
