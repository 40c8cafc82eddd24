/**
 * From the models to the list, to what is looked for in it, and to what is said of a build.
 */
import * as React from 'react';

import { parseFilter, type IFilter } from '../filter';
import { announcement } from '../list/announce';
import { openArrangeMenu } from '../list/arrangemenu';
import { columnsFor } from '../list/columns';
import { withFacts, type IListTask } from '../list/facts';
import { FilterBar } from '../list/filterbar';
import type { Links } from '../related';
import { TaskList } from '../list/list';
import { tally } from '../list/tally';
import type { TaskNode, TaskNodes } from '../nodes';
import type { IPanelContext } from './context';
import { useSignals } from './hooks';

export interface ITasksContext extends IPanelContext {
  /** All pictures of the tasks are made of the same nodes. */
  readonly nodesOf: TaskNodes;
  /** Where one says what to look for. */
  readonly field: React.RefObject<HTMLInputElement>;
}

/** What is looked for, said in one panel. */
export function useFilter({ viewState }: IPanelContext): IFilter {
  const { filter } = viewState.current;
  return React.useMemo(() => parseFilter(filter), [filter]);
}

/** The tasks with what the list tells of them, made once for each snapshot. */
function useTasks({ model, nodesOf }: ITasksContext): readonly IListTask<TaskNode>[] {
  const { snapshot, asked } = model;
  const nodes = nodesOf(snapshot, asked);
  return React.useMemo(() => withFacts(nodes, snapshot), [nodes, snapshot]);
}

export function ListPart(
  context: ITasksContext & { readonly width: number }
): React.JSX.Element | null {
  const { model, viewState, actions, trans, field } = context;
  useSignals(model.changed, viewState.changed);
  const tasks = useTasks(context);
  const filter = useFilter(context);
  const edges = useEdges(context);
  const { order, grouped, collapsed } = viewState.current;
  const arrangement = React.useMemo(
    () => ({ order, grouped, collapsed: new Set(collapsed), filter }),
    [order, grouped, collapsed, filter]
  );
  const columns = React.useMemo(() => columnsFor(context.width), [context.width]);
  return tasks.length === 0 ? null : (
    <TaskList
      key={model.path}
      trans={trans}
      tasks={tasks}
      edges={edges}
      arrangement={arrangement}
      columns={columns}
      selection={model.selection}
      now={Date.now() / 1000}
      onSelect={names => {
        model.selectMany(names);
      }}
      onOpen={name => {
        const task = model.snapshot?.tasks.find(each => each.name === name);
        if (task !== undefined) {
          actions.opening.open(task);
        }
      }}
      onRun={name => {
        void actions.running.runTask(name);
      }}
      onFold={folder => {
        viewState.set({
          collapsed: collapsed.includes(folder)
            ? collapsed.filter(each => each !== folder)
            : [...collapsed, folder]
        });
      }}
      onFind={() => {
        field.current?.focus();
        field.current?.select();
      }}
      onClearFilter={() => {
        viewState.set({ filter: '' });
        field.current?.focus();
      }}
    />
  );
}

/** Above the tasks, in whichever way they are shown. */
export function FilterPart(
  context: ITasksContext & { readonly sortable: boolean; readonly onLeave: () => void }
): React.JSX.Element | null {
  const { model, viewState, trans, field, sortable, onLeave } = context;
  useSignals(model.changed, viewState.changed);
  const tasks = useTasks(context);
  const filter = useFilter(context);
  const { filter: text, order, grouped } = viewState.current;
  return tasks.length === 0 ? null : (
    <FilterBar
      trans={trans}
      text={text}
      tally={tally(tasks.map(({ state }) => state))}
      matching={tasks.filter(filter.matches).length}
      total={tasks.length}
      unknown={filter.unknown}
      field={field}
      onChange={next => {
        viewState.set({ filter: next });
      }}
      onLeave={onLeave}
      onArrange={
        sortable
          ? anchor => {
              openArrangeMenu(anchor, trans, { order, grouped }, parts => {
                viewState.set(parts);
              });
            }
          : null
      }
    />
  );
}

/** Says aloud what has finished or failed, in one of the panels that show it. */
export function AnnouncePart({ model, lookers, looker, trans }: IPanelContext): React.JSX.Element {
  const [said, say] = React.useState('');
  React.useEffect(() => {
    let last = model.snapshot?.run ?? null;
    const listen = (): void => {
      const next = model.snapshot?.run ?? null;
      const text = announcement(trans, last, next);
      last = next;
      if (text !== '' && lookers.speaker === looker) {
        say(text);
      }
    };
    model.changed.connect(listen);
    return () => {
      model.changed.disconnect(listen);
    };
  }, [model, lookers, looker, trans]);
  return (
    <div className="jp-cauce-mod-aloud" aria-live="polite">
      {said}
    </div>
  );
}

/** The same edges as long as the snapshots have the same: what is drawn of them stays. */
function useEdges({ model }: ITasksContext): Links<string> {
  const edges = model.snapshot?.edges;
  const last = React.useRef<{ readonly text: string; readonly edges: Links<string> }>({
    text: '',
    edges: []
  });
  return React.useMemo(() => {
    const next = (edges ?? []).map(edge => [edge.source, edge.target] as const);
    const text = JSON.stringify(next);
    if (text !== last.current.text) {
      last.current = { text, edges: next };
    }
    return last.current.edges;
  }, [edges]);
}
