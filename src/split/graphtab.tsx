/**
 * The pipeline that the notebook would become, as a graph, and what is said of what is chosen in it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Split } from '../contract';
import type { SplitWish } from './edits';
import { Graph, type IGraphWords } from '../graph/graph';
import { GRAPH_VIEW, type IGraphView } from '../graph/look';
import { EdgeCard, TaskCard, type ICardCalls } from './cards';
import { edgeBetween, edgeNames, taskOf } from './passing';
import { splitNodes } from './splitnodes';

export interface IGraphTabProps extends ICardCalls {
  readonly trans: TranslationBundle;
  readonly plan: Split;
  readonly request: SplitWish;
  readonly words: IGraphWords;
  /** The name of the selected task; `null` for none. */
  readonly selected: string | null;
  readonly onSelect: (name: string | null) => void;
}

/** Names stand on the links: those have to run down for that. */
const VIEW: IGraphView = { ...GRAPH_VIEW, direction: 'down' };

export function GraphTab(props: IGraphTabProps): React.JSX.Element {
  const { trans, plan, selected, onSelect } = props;
  const [view, setView] = React.useState(VIEW);
  const [edge, setEdge] = React.useState<readonly [string, string] | null>(null);
  const nodes = React.useMemo(() => splitNodes(trans, plan), [trans, plan]);
  const edges = React.useMemo(
    () => plan.edges.map(({ source, target }) => [source, target] as const),
    [plan]
  );
  const selection = React.useMemo(() => (selected === null ? [] : [selected]), [selected]);
  const task = selected === null ? null : taskOf(plan, selected);
  const shownEdge =
    edge !== null && taskOf(plan, edge[0]) !== null && taskOf(plan, edge[1]) !== null ? edge : null;
  const labelsOf = (from: string, to: string): readonly string[] =>
    edgeNames(edgeBetween(plan, from, to)).map(({ names, more }) =>
      more === 0 ? names : trans.__('%1 +%2', names, more)
    );
  return (
    <div className="jp-cauce-SplitGraph">
      <div className="jp-cauce-SplitGraph-drawing">
        <Graph
          nodes={nodes}
          edges={edges}
          identity={plan.notebook}
          selection={selection}
          view={view}
          matches={null}
          words={props.words}
          onView={parts => {
            setView(old => ({ ...old, ...parts }));
          }}
          onSelect={name => {
            setEdge(null);
            onSelect(name);
          }}
          onSelectMany={names => {
            setEdge(null);
            onSelect(names.at(-1) ?? null);
          }}
          onOpen={name => {
            const first = taskOf(plan, name)?.first;
            if (first !== undefined) {
              props.onGoTo(first);
            }
          }}
          onRun={() => undefined}
          onSearch={null}
          onExport={null}
          onConnect={(from, to) => {
            setEdge([from, to]);
          }}
          onDisconnect={null}
          edgeLabels={labelsOf}
          onChooseEdge={setEdge}
        />
      </div>
      <div className="jp-cauce-SplitGraph-card">
        {shownEdge !== null ? (
          <EdgeCard {...props} source={shownEdge[0]} target={shownEdge[1]} />
        ) : task !== null ? (
          <TaskCard {...props} task={task} />
        ) : (
          <p className="jp-cauce-mod-hint">
            {trans.__(
              'Choose a task to see its cells and what it stores, or a line to see what passes along it. Drag from one task to another to pass a variable more.'
            )}
          </p>
        )}
      </div>
    </div>
  );
}
