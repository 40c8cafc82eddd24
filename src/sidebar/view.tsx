/**
 * The bridge from the models to the panel's components, and the panel's filling.
 *
 * The components below know neither signals nor services: they get props and call back.
 */
import { ReactWidget, type SidePanel } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { AccordionPanel, Widget, type PanelLayout } from '@lumino/widgets';
import * as React from 'react';

import type { Problem, Run, Snapshot, Task } from '../contract';
import { Graph } from '../graph/graph';
import type { Action, IAsked, PipelineModel } from '../model';
import { problemsOf, remedies } from '../problems';
import { stateOf } from '../taskstate';
import { ago, busyWords, clock, errorWords, runWords, stateWord } from '../words';
import type { IPanelContext } from './context';
import { Detail } from './detail';
import { Empty, type Emptiness } from './empty';
import { Head, type IStatus } from './head';
import { TaskList } from './list';
import { taskNodes, type TaskNodes } from './nodes';

/** Put the parts into the panel and keep them in step with the model. */
export function fillPanel(panel: SidePanel, context: IPanelContext): void {
  const { model, trans } = context;
  const nodesOf = taskNodes(trans);
  const head = ReactWidget.create(<HeadPart {...context} />);
  const empty = ReactWidget.create(<EmptyPart {...context} />);
  const graph = section(<GraphPart {...context} nodesOf={nodesOf} />, trans.__('Graph'));
  const tasks = section(<ListPart {...context} nodesOf={nodesOf} />, trans.__('Tasks'));
  const detail = section(<DetailPart {...context} />, trans.__('Task'));
  head.addClass('jp-cauce-Part-head');
  empty.addClass('jp-cauce-Part-empty');
  graph.addClass('jp-cauce-Part-graph');

  const layout = panel.layout as PanelLayout; // SidePanel's constructor makes it
  layout.insertWidget(0, head);
  layout.addWidget(empty);
  for (const part of [graph, tasks, detail]) {
    panel.addWidget(part);
  }
  if (panel.content instanceof AccordionPanel) {
    panel.content.setRelativeSizes([36, 18, 46]);
  }

  const update = (): void => {
    const what = emptiness(model, trans);
    panel.node.dataset.mode = what?.kind ?? 'pipeline';
    panel.content.setHidden(what !== null);
    empty.setHidden(what === null);
    const count = model.snapshot?.tasks.length ?? 0;
    tasks.title.label = count === 0 ? trans.__('Tasks') : trans.__('Tasks (%1)', count);
  };
  model.changed.connect(update);
  // The head grows and shrinks by what it says. The sections below are placed by numbers: tell them.
  const headSize = new ResizeObserver(() => {
    MessageLoop.sendMessage(panel.content, Widget.ResizeMessage.UnknownSize);
  });
  headSize.observe(head.node);
  panel.disposed.connect(() => {
    headSize.disconnect();
    model.changed.disconnect(update);
  });
  update();
}

function section(content: React.JSX.Element, title: string): ReactWidget {
  const widget = ReactWidget.create(content);
  widget.addClass('jp-cauce-Part');
  widget.title.label = title;
  return widget;
}

/** Draw again whenever one of the signals speaks. */
function useSignals(...signals: readonly ISignal<unknown, unknown>[]): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    for (const signal of signals) {
      signal.connect(redraw);
    }
    // It may have spoken between drawing and connecting.
    redraw();
    return () => {
      for (const signal of signals) {
        signal.disconnect(redraw);
      }
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a model's signals never change
  }, []);
}

function now(): number {
  return Date.now() / 1000;
}

/** Why there is nothing to show, or null when there is. */
function emptiness(model: PipelineModel, trans: TranslationBundle): Emptiness | null {
  const { error, snapshot, pipelines } = model;
  if (error?.serverMissing === true) {
    return { kind: 'server-missing' };
  }
  if (snapshot !== null) {
    if (snapshot.tasks.length > 0) {
      return null;
    }
    return snapshot.unevaluated
      ? { kind: 'unevaluated', busy: model.asked !== null || model.running }
      : { kind: 'no-tasks', broken: snapshot.problems.length > 0 };
  }
  if (error !== null) {
    return { kind: 'error', message: errorWords(trans, error), hint: error.hint };
  }
  return pipelines?.length === 0 ? { kind: 'no-pipeline' } : { kind: 'loading' };
}

const NO_PROBLEMS: readonly Problem[] = [];
const NO_REMEDIES = { scaffold: false, evaluate: false };

function HeadPart({ model, actions, trans, more }: IPanelContext): React.JSX.Element {
  useSignals(model.changed);
  const [stopped, setStopped] = React.useState<string | null>(null);
  const { snapshot, error, confirmed, asked } = model;
  const building = model.running;
  const busy = busyWords(trans, snapshot?.run ?? null, asked);
  const buildable = snapshot?.tasks.some(task => task.buildable) === true;
  const banner =
    error === null || error.serverMissing || snapshot === null || confirmed === null
      ? ''
      : error.unreachable
        ? trans.__('Cannot reach the server; showing the state of %1.', clock(confirmed))
        : `${errorWords(trans, error)} ${error.hint}`.trim();
  return (
    <Head
      trans={trans}
      pipelines={model.pipelines ?? []}
      current={model.path}
      truncated={model.truncated}
      building={building}
      asked={asked !== null}
      cancelling={building && snapshot?.run?.id === stopped}
      whyNot={
        busy !== '' || buildable
          ? busy
          : trans.__('Nothing can be built before the problems are mended.')
      }
      refreshing={model.refreshing}
      status={
        snapshot === null || snapshot.tasks.length === 0
          ? null
          : statusOf(trans, snapshot, asked, model.actionOf(snapshot.run?.id ?? ''))
      }
      banner={banner}
      problems={{
        pipeline: model.path ?? '',
        problems: snapshot?.problems ?? NO_PROBLEMS,
        isTask: name => snapshot?.tasks.some(task => task.name === name) === true,
        ...(snapshot === null ? NO_REMEDIES : remedies(snapshot)),
        busy,
        onOpenWhere: where => {
          void actions.openWhere(where);
        },
        onSelect: task => {
          model.select(task);
        },
        onScaffold: () => {
          void actions.scaffold();
        },
        onEvaluate: () => {
          void actions.evaluate();
        }
      }}
      onChoose={path => {
        void model.choose(path);
      }}
      onBuild={() => {
        void actions.build();
      }}
      onCancel={() => {
        setStopped(snapshot?.run?.id ?? null);
        void actions.cancel().then(wasAsked => {
          if (!wasAsked) {
            setStopped(null);
          }
        });
      }}
      onRefresh={() => {
        void actions.refresh();
      }}
      onMore={more}
    />
  );
}

function statusOf(
  trans: TranslationBundle,
  snapshot: Snapshot,
  asked: IAsked | null,
  action: Action | null
): IStatus {
  const { run, holder, tasks } = snapshot;
  const stale = tasks.filter(task => task.freshness.state !== 'fresh').length;
  const rest =
    stale === 0
      ? trans.__('All tasks are up to date')
      : trans._n('%2 of %1 task out of date', '%2 of %1 tasks out of date', tasks.length, stale);
  if (asked !== null) {
    return { kind: 'busy', text: trans.__('Starting…'), aside: '', progress: null };
  }
  if (run?.state === 'running') {
    return {
      kind: 'busy',
      text: runWords(trans, run, action, tasks),
      aside: '',
      progress: progressOf(run, tasks)
    };
  }
  if (holder !== null && holder.run !== run?.id) {
    return {
      kind: 'busy',
      text: trans.__('%1 builds this project on %2', holder.user, holder.host),
      aside: trans.__('since %1', clock(holder.since)),
      progress: null
    };
  }
  if (run === null) {
    return { kind: 'quiet', text: trans.__('Not built yet'), aside: rest, progress: null };
  }
  const when = run.ended === null ? '' : ago(trans, run.ended, now());
  if (run.state === 'ok' && stale > 0) {
    // What the last build said is no longer so. A run without tasks was none, or had nothing to do.
    const built = action === 'build' || (action === null && Object.keys(run.tasks).length > 0);
    return {
      kind: 'quiet',
      text: rest,
      aside: built && when !== '' ? trans.__('last build %1', when) : '',
      progress: null
    };
  }
  return {
    kind: run.state === 'ok' || run.state === 'cancelled' ? run.state : 'failed',
    text: runWords(trans, run, action, tasks),
    aside: when,
    progress: null
  };
}

/** How much of a run is done: tasks, and of those that run their cells. */
function progressOf(run: Run, tasks: readonly Task[]): number {
  const states = Object.entries(run.tasks);
  const done = states.reduce((sum, [name, state]) => {
    if (state === 'waiting') {
      return sum;
    }
    if (state !== 'running') {
      return sum + 1;
    }
    const cells = tasks.find(task => task.name === name)?.activity.progress;
    return sum + (cells == null || cells.total === 0 ? 0 : cells.done / cells.total);
  }, 0);
  return states.length === 0 ? 0 : done / states.length;
}

function useTaskCallbacks({ model, actions }: IPanelContext): {
  readonly onSelect: (name: string | null) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
} {
  return React.useMemo(
    () => ({
      onSelect: name => {
        model.select(name);
      },
      onOpen: name => {
        const task = model.snapshot?.tasks.find(each => each.name === name);
        if (task !== undefined) {
          actions.openTask(task);
        }
      },
      onRun: name => {
        void actions.runTask(name);
      }
    }),
    [model, actions]
  );
}

/** Both pictures of the tasks are made of the same nodes. */
interface ITasksContext extends IPanelContext {
  readonly nodesOf: TaskNodes;
}

function GraphPart(context: ITasksContext): React.JSX.Element | null {
  const { model, trans, nodesOf } = context;
  useSignals(model.changed);
  const nodes = nodesOf(model.snapshot, model.asked);
  const callbacks = useTaskCallbacks(context);
  const pairs = model.snapshot?.edges;
  const edges = React.useMemo(
    () => (pairs ?? []).map(edge => [edge.source, edge.target] as const),
    [pairs]
  );
  const words = React.useMemo(
    () => ({
      graph: trans.__('Graph of the tasks. The list below shows the same.'),
      zoomIn: trans.__('Zoom in (+)'),
      zoomOut: trans.__('Zoom out (-)'),
      fit: trans.__('Show all (0)'),
      run: (name: string) => trans.__('Run %1 with what it needs', name)
    }),
    [trans]
  );
  return nodes.length === 0 ? null : (
    <Graph
      nodes={nodes}
      edges={edges}
      identity={model.path ?? ''}
      selected={model.selected}
      words={words}
      {...callbacks}
    />
  );
}

function ListPart(context: ITasksContext): React.JSX.Element {
  const { model, trans, nodesOf } = context;
  useSignals(model.changed);
  const rows = nodesOf(model.snapshot, model.asked);
  const callbacks = useTaskCallbacks(context);
  return (
    <TaskList
      label={trans.__('Tasks')}
      rows={rows}
      selected={model.selected}
      runTitle={name => trans.__('Run %1 with what it needs', name)}
      {...callbacks}
    />
  );
}

function DetailPart({ model, taskModel, actions, trans }: IPanelContext): React.JSX.Element {
  useSignals(model.changed, taskModel.changed);
  const { selectedTask: task, snapshot, asked } = model;
  const busy = busyWords(trans, snapshot?.run ?? null, asked);
  const state = task === null ? 'fresh' : stateOf(task, snapshot?.run ?? null, asked);
  return (
    <Detail
      key={task?.name ?? ''}
      trans={trans}
      task={task}
      state={state}
      word={task === null ? '' : stateWord(trans, task, state)}
      whyNot={
        busy !== '' || task?.buildable === true
          ? busy
          : trans.__('It cannot run before its problems, or those of what it needs, are mended.')
      }
      detail={taskModel.detail}
      log={taskModel.log}
      showLog={taskModel.showLog}
      problems={snapshot === null || task === null ? NO_PROBLEMS : problemsOf(snapshot, task.name)}
      now={now()}
      onSelect={name => {
        model.select(name);
      }}
      onRun={(name, force) => {
        void actions.runTask(name, { force });
      }}
      onOpenTask={each => {
        actions.openTask(each);
      }}
      onOpenProduct={product => {
        actions.openProduct(product);
      }}
      onOpenPath={path => {
        actions.openPath(path);
      }}
      onOpenWhere={where => {
        void actions.openWhere(where);
      }}
      onShowLog={show => {
        taskModel.showLog = show;
      }}
    />
  );
}

function EmptyPart({ model, actions, trans, folder }: IPanelContext): React.JSX.Element | null {
  useSignals(model.changed);
  const what = emptiness(model, trans);
  return what === null ? null : (
    <Empty
      trans={trans}
      what={what}
      folder={folder()}
      onCreate={() => {
        void actions.createExample();
      }}
      onEvaluate={() => {
        void actions.evaluate();
      }}
      onRetry={() => {
        void actions.refresh();
      }}
    />
  );
}
