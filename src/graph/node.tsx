/**
 * A task, or a group of tasks, as a box with a sign, a name and a word.
 */
import * as React from 'react';

import { FLAW, MARKS, type IMark, type TaskState } from '../taskstate';
import { clip, shorten, type Measure } from './label';
import {
  MARK_AT,
  NAME_LEFT,
  NAME_SIZE,
  NAME_TOP,
  NODE_HEIGHT,
  PADDING,
  WORD_SIZE,
  WORD_TOP
} from './sizes';

/** A task as the graph shows it. */
export interface IGraphNode {
  readonly name: string;
  readonly state: TaskState;
  /** The state in words. */
  readonly word: string;
  /** How long it took, or something else that is worth a few letters; '' for nothing. */
  readonly aside: string;
  /** How much of it is done, from 0 to 1; null when that is not known. */
  readonly progress: number | null;
  /** All of it in a sentence, for the tooltip and for screen readers. */
  readonly title: string;
  readonly runnable: boolean;
  /** Is it known that it will fail? */
  readonly flawed: boolean;
  readonly folder: string;
  readonly kind: string;
  /** Which grid made it; '' for none. */
  readonly grid: string;
  /** Stands in place of the state's sign, in a colour that style sheets have for the tint. */
  readonly sign?: IMark & { readonly tint: number };
}

/** What all boxes have in common. */
export interface IBoxProps {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Can it be read? Else only the box is drawn. */
  readonly detailed: boolean;
  readonly measure: Measure;
  readonly selected: boolean;
  /** Is it the one that Tab leads to? */
  readonly tabStop: boolean;
  /** Is a link chosen while it has the focus? Keys are about the link then. */
  readonly linkChosen: boolean;
  /** Is it not what was looked for? */
  readonly dim: boolean;
  readonly match: boolean;
  /** Would a line that is being drawn end here? */
  readonly target: 'yes' | 'no' | '';
  /** Where lines to what will use it begin; '' for nowhere. */
  readonly port: 'down' | 'right' | '';
  readonly onHover: (key: string | null) => void;
  readonly onPress: (key: string, event: React.MouseEvent) => void;
  readonly onPort: (key: string, event: React.PointerEvent) => void;
  readonly onFocus: (key: string) => void;
}

export interface ITaskBoxProps extends IBoxProps {
  readonly id: string;
  readonly node: IGraphNode;
  readonly runTitle: string;
  readonly portTitle: string;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
}

export const TaskBox = React.memo(function TaskBox(props: ITaskBoxProps): React.JSX.Element {
  const { node, width, detailed, measure } = props;
  const { name, state, word, aside } = node;
  const room = width - NAME_LEFT - PADDING;
  const small = (text: string): number => measure(text) * (WORD_SIZE / NAME_SIZE);
  const kept = clip(word, room, small);
  const asideRoom = room - small(word) - 6;
  return (
    <g
      {...boxProps(props)}
      data-cauce-task={name}
      data-state={state}
      data-tint={node.sign?.tint}
      aria-label={node.title}
      onDoubleClick={() => {
        props.onOpen(name);
      }}
    >
      <title>{node.title}</title>
      <rect className="jp-cauce-Graph-box" width={width} height={NODE_HEIGHT} rx={5} />
      {detailed ? (
        <>
          {node.progress === null ? null : (
            <rect
              className="jp-cauce-Graph-progress"
              x={1}
              y={NODE_HEIGHT - 3.5}
              width={Math.max(0, (width - 2) * node.progress)}
              height={2.5}
            />
          )}
          <Sign mark={node.sign ?? MARKS[state]} x={MARK_AT[0]} y={MARK_AT[1]} />
          <text className="jp-cauce-Graph-name" x={NAME_LEFT} y={NAME_TOP}>
            {shorten(name, room, measure)}
          </text>
          <text className="jp-cauce-Graph-word" x={NAME_LEFT} y={WORD_TOP}>
            {kept}
          </text>
          {aside !== '' && small(aside) <= asideRoom ? (
            <text className="jp-cauce-Graph-aside" x={width - PADDING} y={WORD_TOP}>
              {aside}
            </text>
          ) : null}
          {node.flawed ? (
            <g className="jp-cauce-Flaw" transform={`translate(${String(width - 8)} -5)`}>
              <path className="jp-cauce-Flaw-fill" d={FLAW.fill} />
              <path className="jp-cauce-Flaw-line" d={FLAW.line} />
            </g>
          ) : null}
          {node.runnable ? (
            <g
              className="jp-cauce-Graph-run"
              // Over the border, so that it covers neither the word nor the neighbour.
              transform={`translate(${String(width - 8)} ${String(NODE_HEIGHT / 2 - 6)})`}
              onClick={event => {
                event.stopPropagation();
                props.onRun(name);
              }}
              onDoubleClick={event => {
                event.stopPropagation();
              }}
            >
              <title>{props.runTitle}</title>
              <circle cx={9} cy={9} r={9} />
              <path d="M6.8 5.2v7.6L13 9Z" />
            </g>
          ) : null}
          {props.port === '' ? null : <Port {...props} title={props.portTitle} />}
        </>
      ) : null}
    </g>
  );
});

/** How many tasks of a group are in a state. */
export interface ICount {
  readonly state: TaskState;
  readonly count: number;
}

export interface IGroupBoxProps extends IBoxProps {
  readonly id: string;
  readonly label: string;
  readonly title: string;
  /** By state, what needs somebody first. */
  readonly counts: readonly ICount[];
  readonly expandTitle: string;
  readonly onExpand: (id: string) => void;
}

export const GroupBox = React.memo(function GroupBox(props: IGroupBoxProps): React.JSX.Element {
  const { id, label, width, detailed, measure, counts } = props;
  const worst = counts[0]?.state ?? 'fresh';
  const room = width - PADDING * 2 - 18;
  const expand = (): void => {
    props.onExpand(id);
  };
  let at = PADDING + 1;
  const shown = counts.flatMap(({ state, count }) => {
    const x = at;
    const text = String(count);
    at += 15 + measure(text) + 7;
    return at - 7 > width - PADDING ? [] : [{ state, text, x }];
  });
  return (
    <g
      {...boxProps(props)}
      data-cauce-group={id}
      data-state={worst}
      aria-label={props.title}
      aria-expanded={false}
      onDoubleClick={expand}
    >
      <title>{props.title}</title>
      <rect
        className="jp-cauce-Graph-behind"
        x={5}
        y={5}
        width={width}
        height={NODE_HEIGHT}
        rx={5}
      />
      <rect
        className="jp-cauce-Graph-behind"
        x={2.5}
        y={2.5}
        width={width}
        height={NODE_HEIGHT}
        rx={5}
      />
      <rect className="jp-cauce-Graph-box" width={width} height={NODE_HEIGHT} rx={5} />
      {detailed ? (
        <>
          <text className="jp-cauce-Graph-name" x={PADDING + 1} y={NAME_TOP}>
            {shorten(label, room, measure)}
          </text>
          {shown.map(({ state, text, x }) => (
            <g key={state} data-state={state}>
              <Sign mark={MARKS[state]} x={x} y={20} />
              <text className="jp-cauce-Graph-word" x={x + 15} y={WORD_TOP}>
                {text}
              </text>
            </g>
          ))}
          <g
            className="jp-cauce-Graph-expand"
            transform={`translate(${String(width - 21)} 4)`}
            onClick={event => {
              event.stopPropagation();
              expand();
            }}
            onDoubleClick={event => {
              event.stopPropagation();
            }}
          >
            <title>{props.expandTitle}</title>
            <rect width={16} height={16} rx={3} />
            <path d="M8 4.5v7M4.5 8h7" />
          </g>
        </>
      ) : null}
    </g>
  );
});

function boxProps(props: IBoxProps & { readonly id: string }): React.SVGAttributes<SVGGElement> {
  const { id, x, y, width } = props;
  return {
    className: 'jp-cauce-Graph-node',
    transform: `translate(${String(x - width / 2)} ${String(y - NODE_HEIGHT / 2)})`,
    role: 'button',
    tabIndex: props.tabStop ? 0 : -1,
    'aria-pressed': props.selected,
    ...{
      'data-cauce-item': id,
      'data-selected': props.selected,
      'data-dim': props.dim,
      'data-match': props.match,
      'data-cauce-link': props.linkChosen,
      'data-target': props.target
    },
    onPointerEnter: () => {
      props.onHover(id);
    },
    onPointerLeave: () => {
      props.onHover(null);
    },
    onMouseDown: event => {
      // Else the focus comes first, and with it another selection.
      if (event.shiftKey || event.ctrlKey || event.metaKey) {
        event.preventDefault();
      }
    },
    onFocus: () => {
      props.onFocus(id);
    },
    onClick: event => {
      props.onPress(id, event);
    },
    onContextMenu: () => {
      props.onFocus(id);
    }
  };
}

function Sign(props: {
  readonly mark: IMark;
  readonly x: number;
  readonly y: number;
}): React.JSX.Element {
  const { mark } = props;
  return (
    <g className="jp-cauce-Mark" transform={`translate(${String(props.x)} ${String(props.y)})`}>
      <g className="jp-cauce-Mark-sign">
        {mark.fill === undefined ? null : <path className="jp-cauce-Mark-fill" d={mark.fill} />}
        <path className="jp-cauce-Mark-line" d={mark.line} />
      </g>
    </g>
  );
}

function Port(
  props: Pick<ITaskBoxProps, 'id' | 'width' | 'port' | 'onPort'> & { readonly title: string }
): React.JSX.Element {
  const [x, y] =
    props.port === 'right' ? [props.width, NODE_HEIGHT / 2] : [props.width / 2, NODE_HEIGHT];
  return (
    <circle
      className="jp-cauce-Graph-port"
      cx={x}
      cy={y}
      r={5}
      onPointerDown={event => {
        props.onPort(props.id, event);
      }}
      onClick={event => {
        event.stopPropagation();
      }}
    >
      <title>{props.title}</title>
    </circle>
  );
}
