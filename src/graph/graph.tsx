/**
 * The graph as SVG, from far away as a canvas: panned by dragging and scrolling, zoomed by buttons and
 * keys.
 *
 * Props in, callbacks out. What is not near the window is not drawn, and moving the window moves what is
 * drawn as a whole: React draws again only when something else comes into sight.
 */
import * as React from 'react';

import { STATES } from '../filter';
import { arrange, type IArrangement, type IItem } from './arrange';
import { Camera } from './camera';
import { Controls, type IControlWords } from './controls';
import { Edge } from './edge';
import { paint, type IScene } from './far';
import type { Direction, Point } from './layout';
import type { Format, IGraphView } from './look';
import { Minimap } from './minimap';
import { GroupBox, TaskBox, type ICount, type IGraphNode } from './node';
import { arrowHead, edgePath, flattened } from './path';
import { kin, leads, type Links } from './related';
import { GAPS, MAX_WIDTH, MIN_WIDTH, NAME_LEFT, NODE_HEIGHT, PADDING } from './sizes';
import { useConnecting, type IConnectWords } from './useconnecting';
import { useDrawing } from './usedrawing';
import { useMeasure, usePalette, useSize } from './useelement';
import { pointIn, useDrag, useWheel } from './usemouse';
import {
  approach,
  edgeBoxes,
  firstLook,
  fit,
  kept,
  LEGIBLE,
  lineAt,
  neighbour,
  nodeAt,
  reveal,
  unproject,
  visible,
  windowOf,
  zoom,
  type Arrow,
  type IBox,
  type ISize,
  type IViewport
} from './viewport';

export type { IGraphNode } from './node';

export interface IGraphWords extends IControlWords, IConnectWords {
  readonly graph: string;
  readonly run: (name: string) => string;
  /** A group: how many tasks it has, and how many in each state. */
  readonly group: (label: string, counts: readonly ICount[]) => string;
  readonly expand: (label: string) => string;
  readonly collapse: (label: string) => string;
  readonly collapseAll: string;
  /** How many tasks are drawn in how many boxes. */
  readonly grouped: (tasks: number, boxes: number) => string;
  readonly hidden: (count: number) => string;
  readonly showAll: string;
  readonly nothing: string;
  readonly edge: (from: string, to: string) => string;
  readonly removeEdge: (from: string, to: string) => string;
}

export interface IGraphProps {
  readonly nodes: readonly IGraphNode[];
  /** Pairs of names: used, user. */
  readonly edges: readonly (readonly [string, string])[];
  /** Another graph, another key: the view starts afresh. */
  readonly identity: string;
  /** The names of the selected tasks, the one that counts most last. */
  readonly selection: readonly string[];
  readonly view: IGraphView;
  /** What is looked for; null for nothing. */
  readonly matches: ((node: IGraphNode) => boolean) | null;
  readonly words: IGraphWords;
  readonly onView: (parts: Partial<IGraphView>) => void;
  readonly onSelect: (name: string | null) => void;
  readonly onSelectMany: (names: readonly string[]) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
  /** Go to where one says what is looked for; null where there is no such place. */
  readonly onSearch: (() => void) | null;
  readonly onExport: ((format: Format) => void) | null;
  /** Have `to` use what `from` makes, or no longer; null where that cannot be changed. */
  readonly onConnect: ((from: string, to: string) => void) | null;
  readonly onDisconnect: ((from: string, to: string) => void) | null;
}

/** So many nodes should fit beside each other unshrunk: a narrow panel has narrow nodes. */
const ABREAST = 2.2;
/** The buttons stand below what is shown when nobody has moved it, as long as it stays legible. */
const BUTTONS = 30;
const ZOOM_STEP = 1.25;
/** With more boxes in a drawing that cannot be read, they are painted. */
const PAINTED = 150;
/** So much around the window is drawn too, in parts of it. */
const SPARE = 0.3;
/** Around the drawing, for what stands over the border of its outermost nodes. */
const PAD = 24;
/** From so wide a window on, and that much wider than high, edges run to the right. */
const [WIDE, WIDER] = [560, 1.7];
/** How near to a line, in pixels, one must press. */
const REACH = 6;
const KEYS: Readonly<Record<string, Arrow>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right'
};

/** What is drawn at all: React draws again when another part of the drawing comes into sight. */
interface IWindow {
  readonly part: IBox;
  readonly legible: boolean;
  readonly painted: boolean;
}

export function Graph(props: IGraphProps): React.JSX.Element {
  const { nodes, edges, identity, selection, view: look, matches, words, onSelect } = props;
  const { onSelectMany, onView } = props;
  const frame = React.useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const measure = useMeasure(frame, size !== null);
  const palette = usePalette(frame);
  const camera = React.useMemo(() => new Camera(), []);
  const primary = selection.at(-1) ?? null;

  // --- What is drawn

  const links = React.useMemo((): Links => {
    const number = new Map(nodes.map((node, i) => [node.name, i]));
    return edges.flatMap(([from, to]) => {
      const [a, b] = [number.get(from), number.get(to)];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- edges come with other names
  }, [edges, nodes.length]);
  // Without levels the selection moves nothing.
  const centre = look.levels === 0 ? NOBODY : selection;
  const arrangement = React.useMemo(
    () =>
      arrange(nodes, links, {
        ...look,
        centre,
        only:
          look.hideOthers && matches !== null
            ? i => {
                const node = nodes[i];
                return node !== undefined && matches(node);
              }
            : null
      }),
    [nodes, links, look, centre, matches]
  );
  const direction: Direction =
    look.direction !== 'auto'
      ? look.direction
      : size !== null && size.width > WIDE && size.width > WIDER * size.height
        ? 'right'
        : 'down';
  const nodeWidth = useNodeWidth(nodes, arrangement.items, measure, size, direction);
  const trim = direction === 'down' ? NODE_HEIGHT / 2 : (nodeWidth ?? 0) / 2;

  const itemOf = React.useMemo(() => {
    const found = new Map<string, string>();
    for (const item of arrangement.items) {
      for (const member of item.members) {
        found.set(nodes[member]?.name ?? '', item.key);
      }
    }
    return found;
  }, [arrangement, nodes]);
  const anchor = primary === null ? null : (itemOf.get(primary) ?? null);
  const { drawing, layout, busy } = useDrawing(
    arrangement,
    identity,
    nodeWidth,
    direction,
    ([dx, dy]) => {
      if (camera.moved && camera.view !== null) {
        const { x, y, scale } = camera.view;
        camera.set({ scale, x: x - dx * scale, y: y - dy * scale });
      }
    },
    anchor
  );
  const items = drawing?.arrangement.items ?? NO_ITEMS;
  const ways = React.useMemo(
    (): Links => (drawing?.arrangement.edges ?? []).map(({ from, to }) => [from, to] as const),
    [drawing]
  );
  const box = React.useMemo(
    () => ({ nodeWidth: drawing?.nodeWidth ?? 0, nodeHeight: NODE_HEIGHT }),
    [drawing]
  );
  const paths = React.useMemo(
    () =>
      layout?.edges.map(
        points => edgePath(points, trim, direction) + arrowHead(points, trim, direction)
      ) ?? [],
    [layout, trim, direction]
  );
  const boxes = React.useMemo(() => (layout === null ? [] : edgeBoxes(layout)), [layout]);

  // --- The window on it

  const svg = React.useRef<SVGSVGElement>(null);
  const scaled = React.useRef<SVGGElement>(null);
  const layer = React.useRef<HTMLDivElement>(null);
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const [shownPart, setShownPart] = React.useState<IWindow | null>(null);

  React.useLayoutEffect(() => {
    camera.moved = false;
  }, [camera, identity]);

  React.useLayoutEffect(() => {
    const whole = drawing?.layout;
    if (whole === undefined || size === null || size.width === 0 || camera.moved) {
      return;
    }
    const active = items.findIndex(item =>
      item.members.some(member => {
        const state = nodes[member]?.state;
        return state === 'running' || state === 'failed';
      })
    );
    const focus = whole.nodes[Math.max(active, 0)] ?? [whole.width / 2, 0];
    const above = aboveButtons(size);
    camera.set(firstLook(whole, fit(whole, above).scale >= LEGIBLE ? above : size, focus));
    // Only another drawing or another size moves it, not a state that changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [drawing?.layout, size?.width, size?.height]);

  // --- What is looked at

  const [hovered, setHovered] = React.useState<string | null>(null);
  const [chosen, setChosen] = React.useState<readonly [string, string] | null>(null);
  const selectedItems = React.useMemo(() => {
    const wanted = new Set(selection);
    return new Set(
      items.flatMap((item, i) =>
        item.members.some(member => wanted.has(nodes[member]?.name ?? '')) ? [i] : []
      )
    );
  }, [items, nodes, selection]);
  const centreItems = React.useMemo(() => {
    const over = hovered === null ? -1 : items.findIndex(({ key }) => key === hovered);
    return over < 0 ? selectedItems : new Set([over]);
  }, [items, hovered, selectedItems]);
  const related = React.useMemo(
    () => (centreItems.size === 0 ? null : kin(items.length, ways, [...centreItems])),
    [items.length, ways, centreItems]
  );
  const isMatch = React.useMemo(
    () =>
      items.map(
        item =>
          matches === null ||
          item.members.some(member => {
            const node = nodes[member];
            return node !== undefined && matches(node);
          })
      ),
    [items, nodes, matches]
  );
  const isKin = React.useMemo(
    () => ways.map(way => related !== null && leads(way, centreItems, related)),
    [ways, related, centreItems]
  );
  const isHidden = (edge: number): boolean =>
    look.hideLinks && selectedItems.size > 0 && isKin[edge] !== true;

  // --- Far away

  const scene = React.useMemo((): IScene | null => {
    // There is none where tests run.
    if (layout === null || palette === null || typeof Path2D === 'undefined') {
      return null;
    }
    const byState = new Map<string, number[]>();
    items.forEach((item, i) => {
      const colour = palette.states[worst(item, nodes)];
      const found = byState.get(colour) ?? [];
      byState.set(colour, found);
      found.push(i);
    });
    const near = isKin.some(Boolean);
    const path = (wanted: boolean): Path2D =>
      new Path2D(
        layout.edges
          .map((points, i) =>
            isKin[i] === wanted && !isHidden(i) ? edgePath(points, trim, direction) : ''
          )
          .join('')
      );
    return {
      layout,
      node: box,
      boxes: [...byState].map(([colour, found]) => ({ colour, nodes: found })),
      lines: [
        { colour: palette.edge, path: path(false), width: 1, dim: near },
        ...(near ? [{ colour: palette.kin, path: path(true), width: 1.6, dim: false }] : [])
      ],
      dim: node => isMatch[node] === false
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- isHidden follows from the rest
  }, [layout, palette, items, nodes, isKin, isMatch, box, trim, direction, look.hideLinks]);

  const now = React.useRef({ size, layout, scene, shownPart, count: items.length });
  now.current = { size, layout, scene, shownPart, count: items.length };
  const follow = React.useCallback((): void => {
    const { view } = camera;
    const { size: room, layout: drawn, scene: far, shownPart: part, count } = now.current;
    if (view === null || room === null || drawn === null) {
      return;
    }
    place(view, drawn, layer.current, svg.current, scaled.current);
    const next: IWindow = {
      part: windowOf(view, room),
      legible: view.scale >= LEGIBLE,
      painted: view.scale < LEGIBLE && count > PAINTED && far !== null
    };
    if (
      part?.legible !== next.legible ||
      part.painted !== next.painted ||
      (!next.painted && !inside(next.part, part.part))
    ) {
      setShownPart({ ...next, part: grown(next.part) });
    }
    const context = next.painted ? canvas.current?.getContext('2d') : null;
    if (context != null && far !== null) {
      paint(context, far, view, room, window.devicePixelRatio || 1);
    }
  }, [camera]);
  React.useEffect(() => camera.listen(follow), [camera, follow]);
  // What is drawn has changed: where it stands, and what of it is in sight, too.
  React.useLayoutEffect(follow, [follow, layout, size, scene, shownPart]);

  // --- Going to what is selected

  React.useEffect(() => {
    const i = items.findIndex(({ key }) => key === anchor);
    const at = drawing?.layout.nodes[i];
    if (at !== undefined && size !== null && camera.view !== null) {
      const room = aboveButtons(size);
      // Who selects in an overview wants to keep it.
      const within = frame.current?.contains(document.activeElement) === true;
      const near = within ? camera.view : approach(camera.view, room, at);
      const next = reveal(near, room, at, box);
      if (next !== camera.view) {
        camera.moved = true;
        camera.set(next);
      }
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the selection changes
  }, [anchor]);

  const press = (change: (last: IViewport) => IViewport): void => {
    camera.move(last => {
      const next = change(last);
      return layout === null || size === null ? next : kept(next, layout, size);
    });
  };
  const middle: Point = [(size?.width ?? 0) / 2, (size?.height ?? 0) / 2];
  const zoomBy = (factor: number): void => {
    press(last => zoom(last, factor, middle));
  };
  const showAll = (): void => {
    if (drawing !== null && size !== null) {
      camera.moved = false;
      camera.set(fit(drawing.layout, aboveButtons(size)));
    }
  };

  // --- Selecting

  const namesOf = (item: IItem | undefined): readonly string[] =>
    item?.members.map(member => nodes[member]?.name ?? '') ?? [];
  const select = (item: IItem | undefined): void => {
    setChosen(null);
    if (item?.group === false) {
      onSelect(item.label);
    } else {
      onSelectMany(namesOf(item));
    }
  };
  const toggle = (item: IItem | undefined): void => {
    const names = namesOf(item);
    const others = selection.filter(name => !names.includes(name));
    onSelectMany(others.length < selection.length ? others : [...others, ...names]);
  };
  const byKey = (key: string): IItem | undefined => items.find(item => item.key === key);
  const focusItem = (item: IItem | undefined): void => {
    if (item !== undefined) {
      select(item);
      focusSoon(frame.current, item.key);
    }
  };
  const expand = (key: string): void => {
    const item = byKey(key);
    if (item?.group === true) {
      onView({ expanded: [...look.expanded, item.of] });
      const [first = ''] = namesOf(item);
      if (selectedItems.has(items.indexOf(item))) {
        onSelect(first);
      }
    }
  };
  const collapse = (id: string): void => {
    onView({ expanded: look.expanded.filter(each => each !== id) });
    focusSoon(frame.current, `group:${id}`);
  };

  const connecting = useConnecting({
    frame,
    camera,
    nodes,
    links,
    items,
    layout,
    node: box,
    direction,
    words,
    onConnect: props.onConnect
  });

  // The handlers of nodes stay the same, so that nodes need not be drawn again.
  const latest = React.useRef({ byKey, select, toggle, expand, connecting, selection, namesOf });
  latest.current = { byKey, select, toggle, expand, connecting, selection, namesOf };
  const handlers = React.useMemo(
    () => ({
      onHover: (key: string | null) => {
        setHovered(key);
      },
      onPress: (key: string, event: React.MouseEvent) => {
        const { current } = latest;
        if (event.ctrlKey || event.metaKey || event.shiftKey) {
          current.toggle(current.byKey(key));
        } else {
          current.select(current.byKey(key));
        }
        (event.currentTarget as SVGGElement).focus();
      },
      onPort: (key: string, event: React.PointerEvent) => {
        latest.current.connecting.begin(key, event);
      },
      onFocus: (key: string) => {
        const { current } = latest;
        const item = current.byKey(key);
        if (!current.namesOf(item).some(name => current.selection.includes(name))) {
          current.select(item);
        }
      },
      onExpand: (key: string) => {
        latest.current.expand(key);
      }
    }),
    []
  );

  useWheel(frame, camera);
  const flat = React.useMemo(
    () => layout?.edges.map(points => flattened(points, trim, direction)) ?? [],
    [layout, trim, direction]
  );
  const drag = useDrag(frame, camera, {
    onGround: at => {
      const { view } = camera;
      const edge =
        view === null ? null : lineAt(flat, boxes, unproject(view, at), REACH / view.scale);
      const found = edge === null || isHidden(edge) ? undefined : ways[edge];
      setChosen(
        found === undefined ? null : [items[found[0]]?.key ?? '', items[found[1]]?.key ?? '']
      );
      if (found === undefined) {
        onSelect(null);
      }
      frame.current?.focus({ preventScroll: true });
    },
    onBand: band => {
      const { view } = camera;
      if (view === null || layout === null) {
        return;
      }
      const [left, top] = unproject(view, [band.left, band.top]);
      const [right, bottom] = unproject(view, [band.right, band.bottom]);
      const names = items.flatMap((item, i) => {
        const [x, y] = layout.nodes[i] ?? [NaN, NaN];
        return x >= left && x <= right && y >= top && y <= bottom ? namesOf(item) : [];
      });
      onSelectMany([...selection, ...names]);
    }
  });

  // --- Edges that are chosen

  const chosenEdge = ways.findIndex(
    ([from, to]) => items[from]?.key === chosen?.[0] && items[to]?.key === chosen?.[1]
  );
  const chosenWay = drawing?.arrangement.edges[chosenEdge];
  const [chosenFrom, chosenTo] = [items[chosenWay?.from ?? -1], items[chosenWay?.to ?? -1]];
  const removable =
    props.onDisconnect !== null &&
    chosenWay?.indirect === false &&
    chosenFrom?.group === false &&
    chosenTo?.group === false;
  const removeChosen = (): void => {
    if (removable) {
      props.onDisconnect(chosenFrom.label, chosenTo.label);
      setChosen(null);
    }
  };
  /** Choose the edge after the one that is chosen, of those that end or begin at the selection. */
  const chooseNext = (step: 1 | -1): void => {
    const at = items.findIndex(({ key }) => key === anchor);
    const own = ways.flatMap(([from, to], i) => (from === at || to === at ? [i] : []));
    const next =
      own[
        (own.indexOf(chosenEdge) + step + own.length + (step < 0 && chosenEdge < 0 ? 1 : 0)) %
          own.length
      ];
    const found = next === undefined ? undefined : ways[next];
    if (found !== undefined) {
      setChosen([items[found[0]]?.key ?? '', items[found[1]]?.key ?? '']);
    }
  };

  // --- Keys

  const goTo = (arrow: Arrow): void => {
    if (drawing === null) {
      return;
    }
    const from = items.findIndex(({ key }) => key === anchor);
    const next =
      from < 0 ? 0 : neighbour(drawing.layout.nodes, ways, from, arrow, drawing.direction);
    focusItem(next === null ? undefined : items[next]);
  };
  const nextMatch = (step: 1 | -1): void => {
    const found = items.flatMap((_, i) => (isMatch[i] === true ? [i] : []));
    const at = items.findIndex(({ key }) => key === anchor);
    const after = step > 0 ? found.find(i => i > at) : [...found].reverse().find(i => i < at);
    focusItem(items[after ?? (step > 0 ? found[0] : found.at(-1)) ?? -1]);
  };
  const current = anchor === null ? undefined : byKey(anchor);
  const keys: Readonly<Record<string, (() => void) | undefined>> = {
    '+': () => {
      zoomBy(ZOOM_STEP);
    },
    '=': () => {
      zoomBy(ZOOM_STEP);
    },
    '-': () => {
      zoomBy(1 / ZOOM_STEP);
    },
    '0': showAll,
    Home: () => {
      focusItem(items[0]);
    },
    End: () => {
      focusItem(items.at(-1));
    },
    '/': props.onSearch ?? undefined,
    n: () => {
      nextMatch(1);
    },
    N: () => {
      nextMatch(-1);
    },
    e: () => {
      chooseNext(1);
    },
    E: () => {
      chooseNext(-1);
    },
    c:
      current !== undefined && !current.group && current.of !== ''
        ? () => {
            collapse(current.of);
          }
        : undefined,
    Enter:
      current?.group === true
        ? () => {
            expand(current.key);
            focusSoon(frame.current, `task:${namesOf(current)[0] ?? ''}`);
          }
        : undefined,
    Delete: chosen === null ? undefined : removeChosen,
    Backspace: chosen === null ? undefined : removeChosen,
    Escape:
      connecting.line !== null
        ? connecting.cancel
        : chosen !== null
          ? () => {
              setChosen(null);
            }
          : selection.length > 0
            ? () => {
                onSelect(null);
              }
            : undefined
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const arrow = KEYS[event.key];
    const meta = event.ctrlKey || event.metaKey;
    if (event.altKey) {
      return;
    }
    if (meta && event.key === 'a') {
      onSelectMany(items.flatMap(namesOf));
    } else if (meta) {
      return;
    } else if (arrow !== undefined) {
      goTo(arrow);
    } else {
      const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
      if (act === undefined) {
        return;
      }
      act();
    }
    event.preventDefault();
    event.stopPropagation();
  };

  // --- Drawing

  const shown =
    layout !== null && shownPart !== null && drawing !== null
      ? shownPart.painted
        ? { nodes: [], edges: [] }
        : visible(layout, boxes, shownPart.part, box)
      : null;
  const tabStop = anchor ?? items[0]?.key ?? null;
  const always = [tabStop, hovered, connecting.target?.key ?? null];
  const drawnNodes =
    shown === null
      ? []
      : [
          ...new Set([
            ...shown.nodes,
            ...(shownPart?.painted === true ? selectedItems : []),
            ...items.flatMap(({ key }, i) => (always.includes(key) ? [i] : []))
          ])
        ].sort((a, b) => a - b);
  const ratio = typeof window === 'undefined' ? 1 : window.devicePixelRatio || 1;
  const chosenMiddle = middleOf(flat[chosenEdge]);
  return (
    <div
      className="jp-cauce-Graph"
      ref={frame}
      tabIndex={-1}
      {...drag.handlers}
      onPointerMove={event => {
        drag.handlers.onPointerMove?.(event);
        // Far away nodes are no elements: the one under the pointer becomes one.
        if (shownPart?.painted === true && event.buttons === 0 && frame.current !== null) {
          const at = pointIn(frame.current, event);
          const found =
            camera.view === null || layout === null
              ? null
              : nodeAt(layout.nodes, unproject(camera.view, at), box);
          setHovered(found === null ? null : (items[found]?.key ?? null));
        }
      }}
      onDoubleClick={event => {
        if (!(event.target as Element).matches('.jp-cauce-Graph-node *, .jp-cauce-Graph-above *')) {
          showAll();
        }
      }}
      onKeyDown={onKeyDown}
      data-ready={shown !== null && !busy}
      data-busy={busy}
      data-legible={shownPart?.legible ?? true}
      data-painted={shownPart?.painted ?? false}
      data-related={related !== null}
      data-connecting={connecting.line !== null}
    >
      <canvas
        className="jp-cauce-Graph-far"
        ref={canvas}
        width={(size?.width ?? 0) * ratio}
        height={(size?.height ?? 0) * ratio}
        hidden={shownPart?.painted !== true}
      />
      {layout !== null && shown !== null && measure !== null ? (
        <div className="jp-cauce-Graph-layer" ref={layer}>
          <svg className="jp-cauce-Graph-drawing" role="group" aria-label={words.graph} ref={svg}>
            <g ref={scaled}>
              {shown.edges.map(i => {
                const way = drawing?.arrangement.edges[i];
                return way === undefined || isHidden(i) ? null : (
                  <Edge
                    key={drawing?.edgeKeys[i]}
                    path={paths[i] ?? ''}
                    kin={isKin[i] === true}
                    dim={isMatch[way.from] === false || isMatch[way.to] === false}
                    indirect={way.indirect}
                    selected={i === chosenEdge}
                  />
                );
              })}
              {chosenEdge >= 0 && !shown.edges.includes(chosenEdge) ? (
                <Edge
                  path={paths[chosenEdge] ?? ''}
                  kin={true}
                  dim={false}
                  indirect={false}
                  selected={true}
                />
              ) : null}
              {drawnNodes.map(i => {
                const item = items[i];
                const at = layout.nodes[i];
                if (item === undefined || at === undefined) {
                  return null;
                }
                const common = {
                  id: item.key,
                  x: at[0],
                  y: at[1],
                  width: box.nodeWidth,
                  detailed: shownPart?.legible === true,
                  measure,
                  selected: selectedItems.has(i),
                  tabStop: item.key === tabStop,
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
                  const counts = countsOf(item, nodes);
                  return (
                    <GroupBox
                      key={item.key}
                      {...common}
                      label={item.label}
                      title={words.group(item.label, counts)}
                      counts={counts}
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
              {removable && chosenMiddle !== null ? (
                <g
                  className="jp-cauce-Graph-remove"
                  transform={`translate(${String(chosenMiddle[0])} ${String(chosenMiddle[1])})`}
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
            </g>
          </svg>
        </div>
      ) : null}
      {drag.band === null ? null : (
        <div
          className="jp-cauce-Graph-band"
          style={{
            left: drag.band.left,
            top: drag.band.top,
            width: drag.band.right - drag.band.left,
            height: drag.band.bottom - drag.band.top
          }}
        />
      )}
      {connecting.target !== null && connecting.target.whyNot !== '' ? (
        <div
          className="jp-cauce-Graph-whyNot"
          style={{ left: connecting.at[0], top: connecting.at[1] }}
        >
          {connecting.target.whyNot}
        </div>
      ) : null}
      <Notice {...props} arrangement={arrangement} onCollapse={collapse} />
      {scene !== null && look.map && size !== null ? (
        <Minimap camera={camera} scene={scene} size={size} title={words.map} />
      ) : null}
      <Controls
        words={words}
        view={look}
        onView={onView}
        onZoom={way => {
          zoomBy(way > 0 ? ZOOM_STEP : 1 / ZOOM_STEP);
        }}
        onFit={showAll}
        onExport={props.onExport}
      />
      <span className="jp-cauce-Graph-spoken" role="status">
        {chosenFrom === undefined || chosenTo === undefined
          ? ''
          : removable
            ? words.removeEdge(chosenFrom.label, chosenTo.label)
            : words.edge(chosenFrom.label, chosenTo.label)}
      </span>
    </div>
  );
}

const NOBODY: readonly string[] = [];
const NO_ITEMS: readonly IItem[] = [];

/** What is not drawn task by task, and how to have it. */
function Notice(
  props: Pick<IGraphProps, 'words' | 'onView' | 'nodes'> & {
    readonly arrangement: IArrangement;
    readonly onCollapse: (id: string) => void;
  }
): React.JSX.Element | null {
  const { words, onView, nodes, onCollapse } = props;
  const { items, hidden, expanded: open } = props.arrangement;
  const together = items.some(({ group }) => group);
  if (!together && hidden === 0 && open.length === 0) {
    return null;
  }
  const shown = nodes.length - hidden;
  return (
    <div className="jp-cauce-Graph-notice jp-cauce-Graph-above">
      {together ? <span>{words.grouped(shown, items.length)}</span> : null}
      {together || open.length > 0 ? (
        <button
          type="button"
          onClick={() => {
            onView({ grouping: 'none', expanded: [] });
          }}
        >
          {words.showAll}
        </button>
      ) : null}
      {open.slice(0, MOST_OPEN).map(({ id, label }) => (
        <button
          key={id}
          type="button"
          title={words.collapse(label)}
          aria-label={words.collapse(label)}
          onClick={() => {
            onCollapse(id);
          }}
        >
          <span aria-hidden="true">− </span>
          <span className="jp-cauce-Graph-openName">{label}</span>
        </button>
      ))}
      {open.length > 1 ? (
        <button
          type="button"
          onClick={() => {
            onView({ expanded: [] });
          }}
        >
          {words.collapseAll}
        </button>
      ) : null}
      {hidden > 0 ? (
        <>
          <span>{shown === 0 ? words.nothing : words.hidden(hidden)}</span>
          <button
            type="button"
            onClick={() => {
              onView({ levels: 0, hideOthers: false });
            }}
          >
            {words.showAll}
          </button>
        </>
      ) : null}
    </div>
  );
}

const MOST_OPEN = 3;

/** How wide nodes are: as their longest names, within what the window has room for. */
function useNodeWidth(
  nodes: readonly IGraphNode[],
  items: readonly IItem[],
  measure: ((text: string) => number) | null,
  size: ISize | null,
  direction: Direction
): number | null {
  // In steps: not every pixel of a dragged border is another layout.
  const gap = GAPS[direction].across;
  const room = size === null ? null : Math.floor((size.width / ABREAST - 2 * gap) / 16) * 16;
  const limit = room === null ? null : Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, room));
  const labels = JSON.stringify(items.map(({ label }) => label));
  return React.useMemo(() => {
    if (measure === null || limit === null) {
      return null;
    }
    const longest = items.reduce((most, { label }) => Math.max(most, measure(label)), 0);
    // Room for the words below, too.
    const least = nodes.length === 0 ? MIN_WIDTH : Math.min(limit, MIN_WIDTH + 16);
    return Math.round(Math.min(limit, Math.max(least, longest + NAME_LEFT + PADDING + 1)));
    // `labels` stands for the items: states that change move nothing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [measure, labels, limit]);
}

/** The state of a task, or that of a group's which needs somebody most. */
function worst(item: IItem, nodes: readonly IGraphNode[]): IGraphNode['state'] {
  return countsOf(item, nodes)[0]?.state ?? 'fresh';
}

function countsOf(item: IItem, nodes: readonly IGraphNode[]): readonly ICount[] {
  const counts = new Map<string, number>();
  for (const member of item.members) {
    const state = nodes[member]?.state ?? 'fresh';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return STATES.flatMap(state => {
    const count = counts.get(state) ?? 0;
    return count === 0 ? [] : [{ state, count }];
  });
}

/** Put what is drawn where the view has it: without React, for it happens in every frame. */
function place(
  { x, y, scale }: IViewport,
  { width, height }: ISize,
  layer: HTMLElement | null,
  svg: SVGElement | null,
  scaled: SVGElement | null
): void {
  if (layer === null || svg === null || scaled === null) {
    return;
  }
  // Whole pixels keep letters sharp.
  const [left, top] = [Math.round(x) - PAD, Math.round(y) - PAD];
  layer.style.transform = `translate(${String(left)}px, ${String(top)}px)`;
  const transform = `translate(${String(PAD)} ${String(PAD)}) scale(${String(scale)})`;
  if (scaled.getAttribute('transform') !== transform) {
    scaled.setAttribute('transform', transform);
  }
  const [wide, high] = [Math.ceil(width * scale) + 2 * PAD, Math.ceil(height * scale) + 2 * PAD];
  if (svg.getAttribute('width') !== String(wide) || svg.getAttribute('height') !== String(high)) {
    svg.setAttribute('width', String(wide));
    svg.setAttribute('height', String(high));
  }
}

function inside(part: IBox, of: IBox): boolean {
  return (
    part.left >= of.left && part.right <= of.right && part.top >= of.top && part.bottom <= of.bottom
  );
}

function grown({ left, top, right, bottom }: IBox): IBox {
  const [x, y] = [(right - left) * SPARE, (bottom - top) * SPARE];
  return { left: left - x, top: top - y, right: right + x, bottom: bottom + y };
}

function aboveButtons({ width, height }: ISize): ISize {
  return { width, height: Math.max(height - BUTTONS, NODE_HEIGHT) };
}

/** A point in the middle of a line. */
function middleOf(line: readonly Point[] | undefined): Point | null {
  return line?.[Math.floor(line.length / 2)] ?? null;
}

/** Focus an item once it is drawn, for it may have been out of view. */
function focusSoon(frame: HTMLElement | null, key: string): void {
  let tries = 0;
  const attempt = (): void => {
    const node = frame?.querySelector<SVGGElement>(`[data-cauce-item="${CSS.escape(key)}"]`);
    if (node != null) {
      node.focus({ preventScroll: true });
    } else if (tries++ < FOCUS_TRIES) {
      requestAnimationFrame(attempt);
    }
  };
  requestAnimationFrame(attempt);
}

/** Frames that an item may take to be drawn. */
const FOCUS_TRIES = 20;
