/**
 * The bridge from the models to the parts that show past runs: the grid, and one of the runs.
 */
import * as React from 'react';

import { Button } from '../components/button';
import type { Run } from '../contract';
import { Changes } from '../runs/changes';
import { NoMatch } from '../list/nomatch';
import { Grid } from '../runs/grid';
import { filtered, matrixOf } from '../runs/matrix';
import { NoRuns, RunHead, RunLine, TaskInRun } from '../runs/run';
import { Timeline } from '../runs/timeline';
import { busyWords, errorWords, lastCauses, type CauseOf } from '../words';
import type { IPanelContext } from './context';
import { useNow, useSignals } from './hooks';
import { FilterPart, useFilter, type ITasksContext } from './listpart';
import { Tabs } from './tabs';

const NO_NAMES: readonly string[] = [];
const NO_RUNS: readonly Run[] = [];

export function RunsPart(context: ITasksContext): React.JSX.Element {
  const { model, runsModel, viewState, actions, trans, nodesOf, field } = context;
  useSignals(model.changed, runsModel.changed, viewState.changed);
  React.useEffect(() => {
    const follower = runsModel.follow();
    return () => {
      follower.dispose();
    };
  }, [runsModel]);
  const now = useNow(model.running);
  const [open, setOpen] = React.useState(false);
  const box = React.useRef<HTMLDivElement>(null);

  const tasks = model.snapshot?.tasks;
  const names = React.useMemo(() => tasks?.map(task => task.name) ?? NO_NAMES, [tasks]);
  const runs = runsModel.runs ?? NO_RUNS;
  const filter = useFilter(context);
  const nodes = nodesOf(model.snapshot, model.asked);
  const whole = React.useMemo(() => matrixOf(names, runs, now), [names, runs, now]);
  const matrix = React.useMemo(() => filtered(whole, filter, nodes), [whole, filter, nodes]);
  const onTask = React.useCallback(
    (task: string) => {
      // Of one that only past runs had the panel knows nothing.
      model.select(names.includes(task) ? task : null);
      setTask(task);
    },
    [model, names]
  );
  const onRun = React.useCallback(
    (run: string) => {
      runsModel.choose(run);
    },
    [runsModel]
  );
  const onMore = React.useCallback(() => {
    void runsModel.loadMore();
  }, [runsModel]);
  const [task, setTask] = React.useState<string | null>(model.selected);
  React.useEffect(() => {
    if (model.selected !== null) {
      setTask(model.selected);
    }
  }, [model.selected]);

  const { chosen, error } = runsModel;
  const page = open && chosen !== null;
  if (runsModel.runs === null || runs.length === 0) {
    return error !== null ? (
      <div className="jp-cauce-NoRuns">
        <p>{`${errorWords(trans, error)} ${error.hint}`.trim()}</p>
        <Button
          label={trans.__('Try again')}
          title={trans.__('Ask the server again')}
          onPress={() => {
            void model.refresh();
            runsModel.retry();
          }}
        />
      </div>
    ) : runsModel.runs === null ? (
      <p className="jp-cauce-mod-hint">{trans.__('Loading…')}</p>
    ) : (
      <NoRuns
        trans={trans}
        busy={busyWords(trans, model.snapshot?.run ?? null, model.asked)}
        onBuild={() => {
          void actions.running.build();
        }}
      />
    );
  }
  const focusGrid = (): void => {
    box.current?.querySelector<HTMLElement>('[role="grid"] [tabindex="0"]')?.focus();
  };
  const back = (): void => {
    setOpen(false);
    requestAnimationFrame(focusGrid);
  };
  return (
    <div
      className="jp-cauce-Runs"
      ref={box}
      data-page={page}
      onKeyDown={event => {
        if (event.key === 'Escape' && page) {
          back();
          event.stopPropagation();
        }
      }}
    >
      {error === null ? null : (
        <p className="jp-cauce-Runs-error" role="alert">
          {`${errorWords(trans, error)} ${error.hint}`.trim()}
        </p>
      )}
      {page ? (
        <RunPage
          {...context}
          key={chosen.id}
          run={chosen}
          now={now}
          task={task}
          onTask={onTask}
          onBack={back}
        />
      ) : (
        <>
          <FilterPart {...context} sortable={false} onLeave={focusGrid} />
          {matrix.rows.length === 0 && !filter.empty ? (
            <NoMatch
              trans={trans}
              onClearFilter={() => {
                viewState.set({ filter: '' });
                field.current?.focus();
              }}
            />
          ) : (
            <Grid
              trans={trans}
              matrix={matrix}
              durations={runsModel.durations}
              task={task}
              run={chosen?.id ?? null}
              more={runsModel.more}
              now={now}
              onTask={onTask}
              onRun={onRun}
              onOpen={run => {
                runsModel.choose(run);
                setOpen(true);
                // What was focused is gone: go on where the run is shown.
                requestAnimationFrame(() => {
                  box.current?.querySelector<HTMLElement>('[role="tab"][tabindex="0"]')?.focus();
                });
              }}
              onMore={onMore}
              onFind={() => {
                field.current?.focus();
                field.current?.select();
              }}
            />
          )}
          {chosen === null ? null : (
            <div className="jp-cauce-Runs-card">
              <RunLine
                trans={trans}
                run={chosen}
                now={now}
                causeOf={causesOf(context, chosen)}
                onOpen={() => {
                  setOpen(true);
                }}
              />
              <TaskPart {...context} run={chosen} task={task} />
            </div>
          )}
        </>
      )}
    </div>
  );
}

function Head(
  props: IPanelContext & {
    readonly run: Run;
    readonly now: number;
    readonly onBack: () => void;
  }
): React.JSX.Element {
  const { model, runsModel, actions, trans, run } = props;
  const { detail } = runsModel;
  return (
    <RunHead
      trans={trans}
      run={run}
      now={props.now}
      causeOf={causesOf(props, run)}
      busy={busyWords(trans, model.snapshot?.run ?? null, model.asked)}
      known={detail !== null}
      onRerun={force => {
        if (detail !== null) {
          void actions.pastRuns.rerun(detail, force);
        }
      }}
      onDelete={() => {
        void actions.pastRuns.forget(run);
      }}
      onBack={props.onBack}
    />
  );
}

/** By what the run's own attempts tell, which come a moment later than the run. */
function causesOf({ model, runsModel: { detail } }: IPanelContext, run: Run): CauseOf {
  return detail?.run.id === run.id
    ? task => detail.attempts.filter(each => each.task === task).at(-1)?.cause ?? ''
    : lastCauses(run, model.snapshot?.tasks ?? []);
}

function TaskPart(
  props: IPanelContext & { readonly run: Run; readonly task: string | null }
): React.JSX.Element | null {
  const { runsModel, actions, trans, run, task } = props;
  const ending = task === null ? undefined : run.tasks[task];
  if (task === null || ending === undefined) {
    return null;
  }
  const { detail, log } = runsModel;
  const last = detail?.attempts.filter(each => each.task === task).at(-1);
  return (
    <TaskInRun
      trans={trans}
      task={task}
      ending={ending}
      took={runsModel.durations[run.id]?.[task] ?? null}
      cause={last?.cause ?? ''}
      notebook={detail?.notebooks[task] ?? null}
      log={log?.task === task && log.run === run.id ? log : null}
      onOpenPath={path => {
        actions.pastRuns.openNotebook(path);
      }}
      onLog={show => {
        void runsModel.showLog(show ? task : null);
      }}
    />
  );
}

function RunPage(
  props: IPanelContext & {
    readonly run: Run;
    readonly now: number;
    readonly task: string | null;
    readonly onTask: (task: string) => void;
    readonly onBack: () => void;
  }
): React.JSX.Element {
  const { runsModel, actions, trans, run, now, task, onTask } = props;
  const [tab, setTab] = React.useState<'timeline' | 'changes'>('timeline');
  const { detail } = runsModel;
  const shown = React.useMemo(() => (detail === null ? null : { ...detail, run }), [detail, run]);
  const runs = runsModel.runs ?? NO_RUNS;
  const others = runs.filter(each => each.id !== run.id && each.state !== 'running');
  const before = runs.slice(runs.findIndex(each => each.id === run.id) + 1);
  const [usual] = before.length > 0 ? before : others;
  const usualBase = usual?.id ?? null;
  React.useEffect(() => {
    if (tab === 'changes' && runsModel.base === null && usualBase !== null) {
      runsModel.compareWith(usualBase);
    }
  }, [tab, runsModel, usualBase]);
  const tabs = [
    { id: 'timeline', label: trans.__('Timeline') },
    { id: 'changes', label: trans.__('Changes') }
  ] as const;
  return (
    <div className="jp-cauce-Run">
      <Head {...props} />
      <Tabs label={trans.__('Views of the run')} tabs={tabs} current={tab} onChoose={setTab}>
        {tab === 'changes' ? (
          <Changes
            trans={trans}
            run={run}
            others={others}
            base={runsModel.base}
            comparison={runsModel.comparison}
            task={task}
            now={now}
            comparesNotebooks={actions.pastRuns.comparesNotebooks}
            onBase={base => {
              runsModel.compareWith(base);
            }}
            onTask={onTask}
            onOpenPath={path => {
              actions.pastRuns.openNotebook(path);
            }}
            onCompareNotebooks={(old, next, name) => {
              actions.pastRuns.compareNotebooks(old, next, name);
            }}
          />
        ) : (
          <div className="jp-cauce-Run-timeline">
            {Object.keys(run.tasks).length === 0 ? (
              <p className="jp-cauce-mod-hint">{trans.__('There was nothing to do.')}</p>
            ) : shown === null ? (
              <p className="jp-cauce-mod-hint">{trans.__('Loading…')}</p>
            ) : (
              <>
                <Timeline trans={trans} detail={shown} task={task} now={now} onTask={onTask} />
                <TaskPart {...props} />
              </>
            )}
          </div>
        )}
      </Tabs>
    </div>
  );
}
