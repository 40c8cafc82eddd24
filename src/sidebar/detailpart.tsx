/**
 * The bridge from the models to the selected task's detail.
 */
import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';

import type { Problem, Task } from '../contract';
import { Detail, NoDetail } from '../detail/detail';
import type { IShownLog } from '../detail/logpart';
import type { INeed } from '../detail/needs';
import type { PartName } from '../detail/part';
import type { LogModel } from '../log/logmodel';
import { problemsOf } from '../problems';
import { stateOf } from '../taskstate';
import { busyWords, errorWords, stateWord } from '../words';
import type { IPanelContext } from './context';
import { useSignals } from './hooks';

const NO_PROBLEMS: readonly Problem[] = [];

export function DetailPart(context: IPanelContext): React.JSX.Element {
  const { model, taskModel, actions, viewState, trans, menus } = context;
  useSignals(model.changed, taskModel.changed, taskModel.log.changed, viewState.changed);
  const callbacks = useCallbacks(context);
  const [wrap, setWrap] = React.useState(false);
  const { selectedTask: task, snapshot, asked } = model;
  if (task === null) {
    return <NoDetail trans={trans} />;
  }
  const busy = busyWords(trans, snapshot?.run ?? null, asked);
  const state = stateOf(task, snapshot?.run ?? null, asked);
  const { detailError } = taskModel;
  return (
    <Detail
      {...callbacks}
      key={task.name}
      trans={trans}
      task={task}
      state={state}
      word={stateWord(trans, task, state)}
      whyNot={
        busy !== '' || task.buildable
          ? busy
          : trans.__('It cannot run before its problems, or those of what it needs, are mended.')
      }
      whyNotDebug={actions.debugging.whyNot(task)}
      detail={taskModel.detail}
      detailError={detailError === null ? '' : errorWords(trans, detailError)}
      log={shownLog(taskModel.log, error => errorWords(trans, error))}
      problems={snapshot === null ? NO_PROBLEMS : problemsOf(snapshot, task.name)}
      needs={needsOf(context, task)}
      now={Date.now() / 1000}
      folded={viewState.current.folded}
      wrap={wrap}
      previewOf={(name, product) => taskModel.previewOf(name, product)}
      onWrap={setWrap}
      onRunMenu={menus.run}
      onMenu={menus.task}
    />
  );
}

/** What stays the same from one drawing to the next. */
function useCallbacks({ model, taskModel, actions, viewState }: IPanelContext): ICallbacks {
  return React.useMemo(() => {
    const fold = (part: PartName, folded: boolean): void => {
      const others = viewState.current.folded.filter(each => each !== part);
      viewState.set({ folded: folded ? [...others, part] : others });
    };
    return {
      onFold: fold,
      onSelect: name => {
        model.select(name);
      },
      onRun: name => {
        void actions.running.runTask(name);
      },
      onRetry: () => {
        taskModel.retry();
      },
      onOpenTask: task => {
        actions.opening.openTask(task);
      },
      onOpenFailing: task => {
        void actions.debugging.openFailing(task);
      },
      onDebug: task => {
        void actions.debugging.debug(task);
      },
      onOpenProduct: product => {
        actions.opening.openProduct(product);
      },
      onPreview: (task, product) => {
        void taskModel.openPreview(task, product);
      },
      onClosePreview: (task, product) => {
        taskModel.closePreview(task, product.path);
      },
      onOpenPartial: task => {
        void actions.debugging.openPartial(task);
      },
      onOpenWhere: where => {
        void actions.opening.openWhere(where);
      },
      onShowLog: run => {
        taskModel.showLogOf(run);
        fold('log', false);
      },
      onOpenNotebook: path => {
        actions.pastRuns.openNotebook(path);
      },
      onWatch: () => {
        const watching = taskModel.log.watch();
        return () => {
          watching.dispose();
        };
      },
      onEarlier: () => {
        void taskModel.log.loadEarlier();
      },
      onCopy: text => {
        Clipboard.copyToSystem(text);
      }
    };
  }, [model, taskModel, actions, viewState]);
}

type DetailProps = React.ComponentProps<typeof Detail>;
type ICallbacks = Pick<
  DetailProps,
  Exclude<Extract<keyof DetailProps, `on${string}`>, 'onWrap' | 'onRunMenu' | 'onMenu'>
>;

function shownLog(
  log: LogModel,
  words: (error: NonNullable<LogModel['error']>) => string
): IShownLog | null {
  const { of, lines } = log;
  return of === null
    ? null
    : {
        run: of.run,
        lines,
        version: lines.version,
        known: log.known,
        complete: log.complete,
        hasEarlier: log.hasEarlier,
        fetchingEarlier: log.fetchingEarlier,
        error: log.error === null ? '' : words(log.error)
      };
}

function needsOf({ model, trans }: Pick<IPanelContext, 'model' | 'trans'>, task: Task): INeed[] {
  const { snapshot, asked } = model;
  const tasks = new Map(snapshot?.tasks.map(each => [each.name, each]));
  return task.upstream.flatMap(name => {
    const need = tasks.get(name);
    if (need === undefined) {
      return [];
    }
    const state = stateOf(need, snapshot?.run ?? null, asked);
    return [{ task: need, state, word: stateWord(trans, need, state) }];
  });
}
