/**
 * The bridge from the models to the panel's components, and the panel's filling.
 *
 * The components below know neither signals nor services: they get props and call back.
 */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { SplitPanel, Widget, type Panel } from '@lumino/widgets';
import * as React from 'react';

import type { Problem, Run, Snapshot, Task } from '../contract';
import type { Action, IAsked, PipelineModel } from '../model';
import { remedies } from '../problems';
import { ago, busyWords, clock, errorWords, lastCauses, runWords } from '../words';
import type { View } from '../viewstate';
import type { IPanelContext } from './context';
import { DetailPart } from './detailpart';
import { Empty, type Emptiness } from './empty';
import { GraphPart } from './graphpart';
import { Head, type IStatus } from './head';
import { AnnouncePart, FilterPart, ListPart, type ITasksContext } from './listpart';
import { taskNodes } from '../nodes';
import { RunsPart } from './runspart';
import { Tabs } from './tabs';
import { useSignals, useWidth } from './hooks';

/** From this width on the detail stands beside the tasks. */
const WIDE = 620;
/** From this width on the graph is what is shown first. */
const GRAPH_FROM = 420;
/** So long after a press a second one may follow, which is meant for what was under the first. */
const DOUBLE_PRESS_MS = 400;

/** Put the parts into the panel and keep them in step with the model. */
export function fillPanel(panel: Panel, context: IPanelContext): void {
  const { model, viewState } = context;
  const nodesOf = taskNodes(context.trans);
  const head = ReactWidget.create(<HeadPart {...context} />);
  const empty = ReactWidget.create(<EmptyPart {...context} />);
  const overview = ReactWidget.create(<OverviewPart {...context} nodesOf={nodesOf} />);
  const detail = ReactWidget.create(<DetailPart {...context} />);
  const split = new SplitPanel({ orientation: 'vertical', spacing: 1 });
  head.addClass('jp-cauce-Part-head');
  empty.addClass('jp-cauce-Part-empty');
  overview.addClass('jp-cauce-Part-overview');
  detail.addClass('jp-cauce-Part-detail');
  split.addClass('jp-cauce-Part-split');
  split.addWidget(overview);
  split.addWidget(detail);
  for (const part of [head, empty, split]) {
    panel.addWidget(part);
  }

  let pressed = -Infinity;
  let opening = 0;
  const onPress = (): void => {
    pressed = performance.now();
  };
  overview.node.addEventListener('pointerdown', onPress, true);

  const update = (): void => {
    const what = emptiness(model, context.trans);
    panel.node.dataset.mode = what?.kind ?? 'pipeline';
    split.setHidden(what !== null);
    empty.setHidden(what === null);
    window.clearTimeout(opening);
    const hidden = model.selected === null;
    if (detail.isHidden === hidden) {
      return;
    }
    // The detail takes room from what was pressed: a double-click would end on something else.
    const wait = hidden ? 0 : pressed + DOUBLE_PRESS_MS - performance.now();
    if (wait > 0) {
      opening = window.setTimeout(update, wait);
      return;
    }
    detail.setHidden(hidden);
    split.setRelativeSizes([...viewState.current.sizes]);
  };
  const arrange = (): void => {
    const { clientWidth: width, clientHeight: height } = panel.node;
    if (width === 0) {
      return; // hidden: it stays as it was
    }
    const wide = width >= WIDE;
    panel.node.dataset.wide = String(wide);
    split.orientation = wide || width > 2 * height ? 'horizontal' : 'vertical';
    // The head grows and shrinks by what it says, and the parts below are placed by numbers.
    MessageLoop.sendMessage(split, Widget.ResizeMessage.UnknownSize);
  };
  const size = new ResizeObserver(arrange);
  size.observe(panel.node);
  size.observe(head.node);
  split.handleMoved.connect(() => {
    viewState.set({ sizes: split.relativeSizes() });
  });
  model.changed.connect(update);
  panel.disposed.connect(() => {
    size.disconnect();
    window.clearTimeout(opening);
    model.changed.disconnect(update);
  });
  update();
  arrange();
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

const NO_PROFILES: readonly string[] = [];
const NO_PROBLEMS: readonly Problem[] = [];
const NO_REMEDIES = { scaffold: false, evaluate: false };

function HeadPart(context: IPanelContext): React.JSX.Element {
  const { model, actions, trans, more, buildMenu, lookers, looker } = context;
  useSignals(model.changed, lookers.speakerChanged);
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
      aloud={lookers.speaker === looker}
      banner={banner}
      problems={{
        pipeline: model.path ?? '',
        problems: snapshot?.problems ?? NO_PROBLEMS,
        isTask: name => snapshot?.tasks.some(task => task.name === name) === true,
        ...(snapshot === null ? NO_REMEDIES : remedies(snapshot)),
        busy,
        onOpenWhere: where => {
          void actions.opening.openWhere(where);
        },
        onSelect: task => {
          model.select(task);
        },
        onScaffold: () => {
          void actions.changing.scaffold();
        },
        onEvaluate: () => {
          void actions.running.evaluate();
        }
      }}
      profile={snapshot?.profile ?? ''}
      profiles={snapshot?.profiles ?? NO_PROFILES}
      onProfile={profile => {
        void actions.reshaping.chooseProfile(profile);
      }}
      onChoose={path => {
        void model.choose(path);
      }}
      onBuild={() => {
        void actions.running.build();
      }}
      onCancel={() => {
        setStopped(snapshot?.run?.id ?? null);
        void actions.running.cancel().then(wasAsked => {
          if (!wasAsked) {
            setStopped(null);
          }
        });
      }}
      onRefresh={() => {
        void model.refresh(true);
      }}
      onBuildMenu={buildMenu}
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
      text: runWords(trans, run, action, lastCauses(run, tasks)),
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
    text: runWords(trans, run, action, lastCauses(run, tasks)),
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

/** The tasks, in the view that was chosen. */
function OverviewPart(given: Omit<ITasksContext, 'field'>): React.JSX.Element {
  const { trans, viewState, settings } = given;
  useSignals(viewState.changed, settings.changed);
  const box = React.useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const field = React.useRef<HTMLInputElement>(null);
  const context: ITasksContext = { ...given, field };
  const wished = settings.current.view === 'auto' ? automatic(width) : settings.current.view;
  const view = viewState.current.view === '' ? wished : viewState.current.view;
  const tabs = [
    { id: 'list', label: trans.__('List') },
    { id: 'graph', label: trans.__('Graph') },
    { id: 'runs', label: trans.__('Runs') }
  ] as const;
  return (
    <div className="jp-cauce-Overview" ref={box}>
      <Tabs
        label={trans.__('Views of the pipeline')}
        tabs={tabs}
        current={view}
        onChoose={id => {
          viewState.set({ view: id });
        }}
      >
        {width === null ? null : view === 'runs' ? (
          <RunsPart key={context.model.path} {...context} />
        ) : (
          <div className="jp-cauce-Overview-tasks">
            <FilterPart
              {...context}
              sortable={view === 'list'}
              onLeave={() => {
                box.current
                  ?.querySelector<HTMLElement>(
                    '[data-cauce-row][tabindex="0"], [data-cauce-task][tabindex="0"]'
                  )
                  ?.focus();
              }}
            />
            <div className="jp-cauce-Overview-view">
              {view === 'graph' ? (
                <GraphPart {...context} />
              ) : (
                <ListPart {...context} width={width} />
              )}
            </div>
          </div>
        )}
      </Tabs>
      <AnnouncePart {...given} />
    </div>
  );
}

/** What is shown first: a graph needs room. */
function automatic(width: number | null): View {
  return width !== null && width >= GRAPH_FROM ? 'graph' : 'list';
}

function EmptyPart(context: IPanelContext): React.JSX.Element | null {
  const { model, actions, trans, folder, folderChanged } = context;
  useSignals(model.changed, ...(folderChanged === null ? [] : [folderChanged]));
  const what = emptiness(model, trans);
  return what === null ? null : (
    <Empty
      trans={trans}
      what={what}
      folder={folder()}
      onCreate={() => {
        void actions.changing.createExample();
      }}
      onAddTask={() => {
        void actions.reshaping.addTask();
      }}
      onEvaluate={() => {
        void actions.running.evaluate();
      }}
      onRetry={() => {
        void model.refresh(true);
      }}
    />
  );
}
