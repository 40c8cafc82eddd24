/**
 * The bridge from the models to the graph.
 */
import * as React from 'react';

import { Graph } from '../graph/graph';
import { parseFilter } from '../filter';
import type { TaskNodes } from '../nodes';
import type { IPanelContext } from './context';
import { graphWords } from './graphwords';
import { useSignals } from './hooks';

export interface IGraphPartProps extends IPanelContext {
  readonly nodesOf: TaskNodes;
  /** Where one says what is looked for. */
  readonly field?: React.RefObject<HTMLInputElement>;
}

export function GraphPart(context: IGraphPartProps): React.JSX.Element | null {
  const { model, viewState, actions, trans, nodesOf, field, graph } = context;
  useSignals(model.changed, viewState.changed);
  const nodes = nodesOf(model.snapshot, model.asked);
  const pairs = model.snapshot?.edges;
  const edges = React.useMemo(
    () => (pairs ?? []).map(edge => [edge.source, edge.target] as const),
    [pairs]
  );
  const words = React.useMemo(() => graphWords(trans), [trans]);
  const { filter, graph: look } = viewState.current;
  const matches = React.useMemo(() => {
    const parsed = parseFilter(filter);
    return parsed.empty ? null : parsed.matches;
  }, [filter]);
  const callbacks = React.useMemo(
    () => ({
      onSelect: (name: string | null) => {
        model.select(name);
      },
      onSelectMany: (names: readonly string[]) => {
        model.selectMany(names);
      },
      onOpen: (name: string) => {
        const task = model.snapshot?.tasks.find(each => each.name === name);
        if (task !== undefined) {
          actions.opening.open(task);
        }
      },
      onRun: (name: string) => {
        void actions.running.runTask(name);
      }
    }),
    [model, actions]
  );
  return nodes.length === 0 ? null : (
    <Graph
      nodes={nodes}
      edges={edges}
      identity={model.path ?? ''}
      selection={model.selection}
      view={look}
      matches={matches}
      words={words}
      onView={parts => {
        viewState.set({ graph: { ...viewState.current.graph, ...parts } });
      }}
      onSearch={field === undefined ? null : () => field.current?.focus()}
      onExport={
        graph === null
          ? null
          : format => {
              graph.export(format, viewState.current);
            }
      }
      onConnect={graph?.canConnect() === true ? graph.connect : null}
      onDisconnect={graph?.canConnect() === true ? graph.disconnect : null}
      {...callbacks}
    />
  );
}
