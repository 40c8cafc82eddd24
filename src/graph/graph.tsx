/**
 * The graph as SVG: panned by dragging and scrolling, zoomed by buttons and keys.
 *
 * Props in, callbacks out. What is not in view is not drawn, and names are left out where they
 * could not be read, so that a thousand nodes stay quick.
 */
import * as React from 'react';

import { FLAW, MARKS, type TaskState } from '../taskstate';
import { clip, measureIn, shorten, type Measure } from './label';
import type { ILayout, ILayoutInput, Point } from './layout';
import { layouter } from './layouter';
import { edgePath } from './path';
import {
  approach,
  edgeBoxes,
  firstLook,
  fit,
  LEGIBLE,
  neighbour,
  reveal,
  visible,
  zoom,
  type Direction,
  type ISize,
  type IViewport
} from './viewport';

export interface IGraphNode {
  readonly name: string;
  readonly state: TaskState;
  /** The state in words. */
  readonly word: string;
  /** All of it in a sentence, for the tooltip and for screen readers. */
  readonly title: string;
  readonly runnable: boolean;
  /** Is it known that it will fail? */
  readonly flawed: boolean;
}

export interface IGraphWords {
  readonly graph: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly fit: string;
  readonly run: (name: string) => string;
}

export interface IGraphProps {
  readonly nodes: readonly IGraphNode[];
  /** Pairs of names: used, user. */
  readonly edges: readonly (readonly [string, string])[];
  /** Another graph, another key: the view starts afresh. */
  readonly identity: string;
  readonly selected: string | null;
  readonly words: IGraphWords;
  readonly onSelect: (name: string | null) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
}

const NODE_HEIGHT = 36;
const GAP_X = 12;
const GAP_Y = 12;
const MIN_WIDTH = 92;
const MAX_WIDTH = 176;
/**
 * So many nodes should fit beside each other unshrunk: a narrow panel has narrow nodes. Fewer than
 * usually stand there, since most drawings are shrunk for their height anyway.
 */
const ABREAST = 2.5;
const NAME_FONT_SIZE = 12;
const NAME_LEFT = 26;
const PADDING = 6;
/** Words are smaller than names. */
const WORD_SIZE = 0.88;
/** The buttons stand below what is shown when nobody has moved it, as long as it stays legible. */
const BUTTONS = 28;
const ZOOM_STEP = 1.25;
const KEYS: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right'
};

export function Graph(props: IGraphProps): React.JSX.Element {
  const { nodes, edges, identity, selected, words, onSelect, onOpen, onRun } = props;
  const frame = React.useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const measure = useMeasure(frame, size !== null);

  const structure = React.useMemo(
    () => JSON.stringify([nodes.map(node => node.name), edges]),
    [nodes, edges]
  );
  // In steps: not every pixel of a dragged border is another layout.
  const room = size === null ? null : Math.floor((size.width / ABREAST - 2 * GAP_X) / 16) * 16;
  const limit = room === null ? null : Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, room));
  const nodeWidth = React.useMemo(() => {
    if (measure === null || limit === null) {
      return null;
    }
    const longest = nodes.reduce((most, node) => Math.max(most, measure(node.name)), 0);
    return Math.round(Math.min(limit, Math.max(MIN_WIDTH, longest + NAME_LEFT + PADDING)));
    // `structure` stands for the nodes' names: states that change move nothing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [measure, structure, limit]);

  const layout = useLayout(nodes, edges, structure, nodeWidth);
  const paths = React.useMemo(
    () => layout?.edges.map(points => edgePath(points, NODE_HEIGHT / 2)) ?? [],
    [layout]
  );
  const boxes = React.useMemo(() => (layout === null ? [] : edgeBoxes(layout)), [layout]);
  const [view, setView] = React.useState<IViewport | null>(null);
  /** Did the user move the view? Until then it follows the panel's size. */
  const moved = React.useRef(false);
  const move = React.useCallback((change: (last: IViewport) => IViewport): void => {
    moved.current = true;
    setView(last => (last === null ? last : change(last)));
  }, []);

  React.useLayoutEffect(() => {
    moved.current = false;
  }, [identity]);

  React.useLayoutEffect(() => {
    if (layout !== null && size !== null && size.width > 0 && !moved.current) {
      const active = nodes.findIndex(node => node.state === 'running' || node.state === 'failed');
      const focus = layout.nodes[Math.max(active, 0)] ?? [layout.width / 2, 0];
      const above = aboveButtons(size);
      setView(firstLook(layout, fit(layout, above).scale >= LEGIBLE ? above : size, focus));
    }
    // Only another drawing or another size moves it, not a state that changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [layout, size?.width, size?.height]);

  // A task selected elsewhere comes into view.
  React.useEffect(() => {
    const at = layout?.nodes[nodes.findIndex(node => node.name === selected)];
    if (at !== undefined && size !== null && nodeWidth !== null) {
      const room = aboveButtons(size);
      // Who selects in an overview wants to keep it.
      const inside = frame.current?.contains(document.activeElement) === true;
      setView(last => {
        if (last === null) {
          return last;
        }
        const near = inside ? last : approach(last, room, at);
        return reveal(near, room, at, { nodeWidth, nodeHeight: NODE_HEIGHT });
      });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the selection changes
  }, [selected]);

  useWheel(frame, move);
  const drag = useDrag(move, () => {
    onSelect(null);
  });

  const middle: Point = [(size?.width ?? 0) / 2, (size?.height ?? 0) / 2];
  const zoomBy = (factor: number): void => {
    move(last => zoom(last, factor, middle));
  };
  const showAll = (): void => {
    if (layout !== null && size !== null) {
      moved.current = false;
      setView(fit(layout, aboveButtons(size)));
    }
  };
  const focusNode = (name: string): void => {
    onSelect(name);
    // After the node is drawn, for it may have been out of view.
    requestAnimationFrame(() => {
      frame.current?.querySelector<SVGGElement>(`[data-cauce-task="${CSS.escape(name)}"]`)?.focus();
    });
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const direction = KEYS[event.key];
    if (direction !== undefined && layout !== null) {
      const from = nodes.findIndex(node => node.name === selected);
      const next = from < 0 ? 0 : neighbour(layout.nodes, from, direction);
      const node = next === null ? undefined : nodes[next];
      if (node !== undefined) {
        focusNode(node.name);
      }
    } else if (event.key === '+' || event.key === '=') {
      zoomBy(ZOOM_STEP);
    } else if (event.key === '-') {
      zoomBy(1 / ZOOM_STEP);
    } else if (event.key === '0') {
      showAll();
    } else if (event.key === 'Escape' && selected !== null) {
      onSelect(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const shown =
    layout !== null && view !== null && size !== null && nodeWidth !== null
      ? visible(layout, boxes, view, size, { nodeWidth, nodeHeight: NODE_HEIGHT })
      : null;
  const tabStop = nodes.some(node => node.name === selected) ? selected : nodes[0]?.name;
  return (
    <div
      className="jp-cauce-Graph"
      ref={frame}
      onKeyDown={onKeyDown}
      data-ready={shown !== null}
      data-legible={view !== null && view.scale >= LEGIBLE}
    >
      {layout !== null && view !== null && shown !== null && nodeWidth !== null ? (
        <svg
          className="jp-cauce-Graph-drawing"
          role="group"
          aria-label={words.graph}
          {...drag}
          width="100%"
          height="100%"
        >
          <g
            transform={`translate(${String(view.x)} ${String(view.y)}) scale(${String(view.scale)})`}
          >
            {shown.edges.map(i => {
              const [from, to] = edges[i] ?? ['', ''];
              return (
                <Edge
                  key={`${from}\n${to}`}
                  path={paths[i] ?? ''}
                  near={selected !== null && (from === selected || to === selected)}
                />
              );
            })}
            {shown.nodes.map(i => {
              const node = nodes[i];
              const at = layout.nodes[i];
              return node === undefined || at === undefined ? null : (
                <Node
                  key={node.name}
                  name={node.name}
                  state={node.state}
                  word={node.word}
                  title={node.title}
                  runnable={node.runnable}
                  flawed={node.flawed}
                  runTitle={words.run(node.name)}
                  x={at[0]}
                  y={at[1]}
                  width={nodeWidth}
                  detailed={view.scale >= LEGIBLE}
                  measure={measure}
                  selected={node.name === selected}
                  tabStop={node.name === tabStop}
                  onSelect={onSelect}
                  onOpen={onOpen}
                  onRun={onRun}
                />
              );
            })}
          </g>
        </svg>
      ) : null}
      <div className="jp-cauce-Graph-zoom">
        <ZoomButton
          title={words.zoomOut}
          sign="−"
          onClick={() => {
            zoomBy(1 / ZOOM_STEP);
          }}
        />
        <ZoomButton title={words.fit} sign="⤢" onClick={showAll} />
        <ZoomButton
          title={words.zoomIn}
          sign="+"
          onClick={() => {
            zoomBy(ZOOM_STEP);
          }}
        />
      </div>
    </div>
  );
}

function ZoomButton(props: {
  readonly title: string;
  readonly sign: string;
  readonly onClick: () => void;
}): React.JSX.Element {
  return (
    <button type="button" title={props.title} aria-label={props.title} onClick={props.onClick}>
      {props.sign}
    </button>
  );
}

const Edge = React.memo(function Edge(props: {
  readonly path: string;
  readonly near: boolean;
}): React.JSX.Element {
  return <path className="jp-cauce-Graph-edge" d={props.path} data-near={props.near} />;
});

interface INodeProps extends IGraphNode {
  readonly runTitle: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly detailed: boolean;
  readonly measure: Measure | null;
  readonly selected: boolean;
  readonly tabStop: boolean;
  readonly onSelect: (name: string) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
}

const Node = React.memo(function Node(props: INodeProps): React.JSX.Element {
  const { name, state, word, title, width, detailed, measure } = props;
  const room = width - NAME_LEFT - PADDING;
  const mark = MARKS[state];
  return (
    <g
      className="jp-cauce-Graph-node"
      transform={`translate(${String(props.x - width / 2)} ${String(props.y - NODE_HEIGHT / 2)})`}
      data-cauce-task={name}
      data-state={state}
      data-selected={props.selected}
      role="button"
      aria-label={title}
      aria-pressed={props.selected}
      tabIndex={props.tabStop ? 0 : -1}
      onFocus={() => {
        props.onSelect(name);
      }}
      onClick={event => {
        event.currentTarget.focus();
        props.onSelect(name);
      }}
      onContextMenu={() => {
        props.onSelect(name);
      }}
      onDoubleClick={() => {
        props.onOpen(name);
      }}
    >
      <title>{title}</title>
      <rect className="jp-cauce-Graph-box" width={width} height={NODE_HEIGHT} rx={4} />
      {detailed ? (
        <>
          <g className="jp-cauce-Mark" transform="translate(8 12)">
            <g className="jp-cauce-Mark-sign">
              {mark.fill === undefined ? null : (
                <path className="jp-cauce-Mark-fill" d={mark.fill} />
              )}
              <path className="jp-cauce-Mark-line" d={mark.line} />
            </g>
          </g>
          <text className="jp-cauce-Graph-name" x={NAME_LEFT} y={15}>
            {measure === null ? name : shorten(name, room, measure)}
          </text>
          <text className="jp-cauce-Graph-word" x={NAME_LEFT} y={28}>
            {measure === null ? word : clip(word, room, text => measure(text) * WORD_SIZE)}
          </text>
          {props.flawed ? (
            <g className="jp-cauce-Flaw" transform={`translate(${String(width - 8)} -5)`}>
              <path className="jp-cauce-Flaw-fill" d={FLAW.fill} />
              <path className="jp-cauce-Flaw-line" d={FLAW.line} />
            </g>
          ) : null}
          {props.runnable ? (
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
        </>
      ) : null}
    </g>
  );
});

function aboveButtons({ width, height }: ISize): ISize {
  return { width, height: Math.max(height - BUTTONS, NODE_HEIGHT) };
}

/** The size of an element, followed. Null until it is known. */
function useSize(element: React.RefObject<HTMLElement>): ISize | null {
  const [size, setSize] = React.useState<ISize | null>(null);
  React.useLayoutEffect(() => {
    const node = element.current;
    if (node === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      // Nothing is laid out while the panel is hidden: keep what was.
      if (node.clientWidth > 0 && node.clientHeight > 0) {
        setSize({ width: node.clientWidth, height: node.clientHeight });
      }
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return size;
}

function useMeasure(element: React.RefObject<HTMLElement>, ready: boolean): Measure | null {
  return React.useMemo(() => {
    if (!ready || element.current === null) {
      return null;
    }
    const family = getComputedStyle(element.current).fontFamily;
    return measureIn(`500 ${String(NAME_FONT_SIZE)}px ${family}`);
  }, [element, ready]);
}

/** The drawing, made anew only when nodes, edges or their size change. */
function useLayout(
  nodes: IGraphProps['nodes'],
  edges: IGraphProps['edges'],
  key: string,
  nodeWidth: number | null
): ILayout | null {
  const [made, setMade] = React.useState<{ key: string; layout: ILayout } | null>(null);
  React.useLayoutEffect(() => {
    if (nodeWidth === null) {
      return undefined;
    }
    const number = new Map(nodes.map((node, i) => [node.name, i]));
    const input: ILayoutInput = {
      count: nodes.length,
      edges: edges.map(([from, to]) => [number.get(from) ?? -1, number.get(to) ?? -1] as const),
      nodeWidth,
      nodeHeight: NODE_HEIGHT,
      gapX: GAP_X,
      gapY: GAP_Y
    };
    return layouter.request(input, layout => {
      setMade({ key, layout });
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for nodes and edges
  }, [key, nodeWidth]);
  // While a new one is made, the old would put nodes in the wrong places.
  return made?.key === key ? made.layout : null;
}

/** Scrolling pans; pinching (which browsers report as Ctrl and wheel) zooms. */
function useWheel(
  element: React.RefObject<HTMLElement>,
  move: (change: (last: IViewport) => IViewport) => void
): void {
  React.useEffect(() => {
    const node = element.current;
    if (node === null) {
      return undefined;
    }
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const { left, top } = node.getBoundingClientRect();
      if (event.ctrlKey) {
        const at: Point = [event.clientX - left, event.clientY - top];
        move(last => zoom(last, Math.exp(-event.deltaY * line * 0.01), at));
      } else {
        const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
        move(last => ({ ...last, x: last.x - dx * line, y: last.y - dy * line }));
      }
    };
    // React listens passively, where the page could not be kept from scrolling.
    node.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      node.removeEventListener('wheel', onWheel);
    };
  }, [element, move]);
}

/** Dragging pans; a press on the ground without a drag is told to `onGround`. */
function useDrag(
  move: (change: (last: IViewport) => IViewport) => void,
  onGround: () => void
): React.SVGAttributes<SVGSVGElement> {
  const from = React.useRef<{ x: number; y: number; far: boolean } | null>(null);
  return {
    onPointerDown: event => {
      if (event.button === 0 && event.target === event.currentTarget) {
        from.current = { x: event.clientX, y: event.clientY, far: false };
        event.currentTarget.setPointerCapture(event.pointerId);
      }
    },
    onPointerMove: event => {
      const start = from.current;
      if (start === null) {
        return;
      }
      const dx = event.clientX - start.x;
      const dy = event.clientY - start.y;
      if (start.far || Math.hypot(dx, dy) > 3) {
        from.current = { x: event.clientX, y: event.clientY, far: true };
        move(last => ({ ...last, x: last.x + dx, y: last.y + dy }));
      }
    },
    onPointerUp: () => {
      if (from.current?.far === false) {
        onGround();
      }
      from.current = null;
    },
    onPointerCancel: () => {
      from.current = null;
    }
  };
}
