/**
 * What of the graph is drawn: its edges, its boxes, and what one does to them.
 */
import * as React from 'react';

import type { IArrangement, IItem } from './arrange';
import type { IChosen } from './chosen';
import { countsOf } from './counts';
import { Edge } from './edge';
import type { Measure } from './label';
import type { Direction, ILayout, Point } from './layout';
import { Labels } from './labels';
import { GroupBox, TaskBox } from './node';
import type { IGraphProps } from './props';
import type { IConnecting } from './useconnecting';
import type { ILooking } from './uselooking';
import type { IHandlers } from './useselecting';

interface IDrawnProps extends Pick<
  IGraphProps,
  'nodes' | 'matches' | 'words' | 'onOpen' | 'onRun' | 'onConnect' | 'edgeLabels'
> {
  /** The numbers of the edges and of the boxes that are in sight. */
  readonly shown: readonly number[];
  readonly drawn: readonly number[];
  readonly ways: IArrangement['edges'];
  readonly edgeKeys: readonly string[];
  readonly layout: ILayout;
  readonly items: readonly IItem[];
  readonly paths: readonly string[];
  readonly width: number;
  readonly detailed: boolean;
  readonly measure: Measure;
  readonly looking: ILooking;
  readonly tabStop: string | null;
  readonly direction: Direction;
  readonly connecting: IConnecting;
  readonly handlers: IHandlers;
  readonly edge: IChosen;
  /** The edges as polylines. */
  readonly lines: readonly (readonly Point[])[];
  /** The middle of the edge that is chosen. */
  readonly middle: Point | null;
}

export function Drawn(props: IDrawnProps): React.JSX.Element {
  const { nodes, matches, words, shown, drawn, ways, edgeKeys, layout, items, paths } = props;
  const { width, detailed, measure, tabStop, direction, connecting, handlers, middle } = props;
  const { edgeLabels } = props;
  const { selectedItems, isMatch, isKin } = props.looking;
  const { chosenEdge, chosenFrom, chosenTo, removable, removeChosen } = props.edge;
  // Of each group, the same as long as its tasks are: what shows it need not be drawn again.
  const counts = React.useMemo(
    () => items.map(item => (item.group ? countsOf(item, nodes) : [])),
    [items, nodes]
  );
  return (
    <>
      {shown.map(i => {
        const way = ways[i];
        return way === undefined ? null : (
          <Edge
            key={edgeKeys[i]}
            path={paths[i] ?? ''}
            kin={isKin[i] === true}
            dim={isMatch[way.from] === false || isMatch[way.to] === false}
            indirect={way.indirect}
            selected={i === chosenEdge}
          />
        );
      })}
      {chosenEdge >= 0 && !shown.includes(chosenEdge) ? (
        <Edge
          path={paths[chosenEdge] ?? ''}
          kin={true}
          dim={false}
          indirect={false}
          selected={true}
        />
      ) : null}
      {detailed && edgeLabels !== undefined ? (
        <Labels
          labels={edgeLabels}
          ways={ways}
          shown={shown}
          edgeKeys={edgeKeys}
          items={items}
          lines={props.lines}
          direction={direction}
          width={width}
          chosen={chosenEdge}
        />
      ) : null}
      {drawn.map(i => {
        const item = items[i];
        const at = layout.nodes[i];
        if (item === undefined || at === undefined) {
          return null;
        }
        const common = {
          id: item.key,
          x: at[0],
          y: at[1],
          width,
          detailed,
          measure,
          selected: selectedItems.has(i),
          tabStop: item.key === tabStop,
          linkChosen: item.key === tabStop && chosenEdge >= 0,
          dim: isMatch[i] === false,
          match: matches !== null && isMatch[i] === true,
          target:
            connecting.target?.key === item.key
              ? connecting.target.whyNot === ''
                ? ('yes' as const)
                : ('no' as const)
              : ('' as const),
          port: props.onConnect === null ? ('' as const) : direction,
          onHover: handlers.onHover,
          onPress: handlers.onPress,
          onPort: handlers.onPort,
          onFocus: handlers.onFocus
        };
        const [member = -1] = item.members;
        const node = nodes[member];
        if (item.group) {
          const own = counts[i] ?? [];
          return (
            <GroupBox
              key={item.key}
              {...common}
              label={item.label}
              title={words.group(item.label, own)}
              counts={own}
              expandTitle={words.expand(item.label)}
              onExpand={handlers.onExpand}
            />
          );
        }
        return node === undefined ? null : (
          <TaskBox
            key={item.key}
            {...common}
            node={node}
            runTitle={words.run(node.name)}
            portTitle={words.port(node.name)}
            onOpen={props.onOpen}
            onRun={props.onRun}
          />
        );
      })}
      {connecting.line === null ? null : (
        <path
          className="jp-cauce-Graph-connecting"
          d={connecting.line}
          data-target={connecting.target?.whyNot === '' ? 'yes' : 'no'}
        />
      )}
      {removable && middle !== null && chosenFrom !== undefined && chosenTo !== undefined ? (
        <g
          className="jp-cauce-Graph-remove"
          transform={`translate(${String(middle[0])} ${String(middle[1])})`}
          onPointerDown={event => {
            event.stopPropagation();
          }}
          onClick={removeChosen}
        >
          <title>{words.removeEdge(chosenFrom.label, chosenTo.label)}</title>
          <circle r={8} />
          <path d="M-3 -3 3 3M3 -3-3 3" />
        </g>
      ) : null}
    </>
  );
}
