/**
 * The graph as SVG, from far away as a canvas: panned by dragging and scrolling, zoomed by buttons and
 * keys.
 *
 * Props in, callbacks out. What is not near the window is not drawn, and moving the window moves what is
 * drawn as a whole: React draws again only when something else comes into sight.
 */
import * as React from 'react';

import { arrange, type IItem } from './arrange';
import { Camera } from './camera';
import { chosenOf, type Chosen } from './chosen';
import { Controls } from './controls';
import { Drawn } from './drawn';
import { onKeys, type Keys } from './keys';
import type { Direction, Point } from './layout';
import { Minimap } from './minimap';
import { Notice } from './notice';
import { arrowHead, edgePath, flattened } from './path';
import { aboveButtons, focusSoon } from './placing';
import type { IGraphProps } from './props';
import type { Links } from '../related';
import { NODE_HEIGHT } from './sizes';
import { useConnecting } from './useconnecting';
import { useDrawing } from './usedrawing';
import { useMeasure, usePalette, useSize } from './useelement';
import { useNodeWidth } from './usenodewidth';
import { useLooking } from './uselooking';
import { useScene } from './usescene';
import { useSelecting } from './useselecting';
import { useWindow } from './usewindow';
import { pointIn, useDrag, useWheel } from './usemouse';
import {
  approach,
  edgeBoxes,
  fit,
  kept,
  lineAt,
  neighbour,
  nodeAt,
  reveal,
  unproject,
  visible,
  zoom,
  type Arrow,
  type IViewport
} from './viewport';

export type { IGraphNode } from './node';
export type { IGraphProps, IGraphWords } from './props';

const ZOOM_STEP = 1.25;
/** From so wide a window on, and that much wider than high, edges run to the right. */
const [WIDE, WIDER] = [560, 1.7];
/** How near to a line, in pixels, one must press. */
const REACH = 6;
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
    anchor,
    props.edgeLabels !== undefined
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

  // --- What is looked at

  const [hovered, setHovered] = React.useState<string | null>(null);
  const [chosen, setChosen] = React.useState<Chosen>(null);
  const looking = useLooking(props, items, ways, hovered);
  const { selectedItems, related, isMatch, isKin } = looking;
  const isHidden = (edge: number): boolean =>
    look.hideLinks && selectedItems.size > 0 && isKin[edge] !== true;

  // --- Far away

  const scene = useScene({
    ...{ layout, palette, items, nodes, isKin, isMatch, box, trim, direction },
    hidesLinks: look.hideLinks && selectedItems.size > 0
  });

  const { svg, scaled, layer, canvas, shownPart } = useWindow({
    camera,
    identity,
    nodes,
    items,
    whole: drawing?.layout,
    layout,
    size,
    scene
  });

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

  // --- Selecting, connecting

  const connecting = useConnecting({
    frame,
    camera,
    links,
    items,
    layout,
    node: box,
    direction,
    words,
    onConnect: props.onConnect
  });

  const selecting = useSelecting({
    ...props,
    frame,
    items,
    selectedItems,
    onChoose: () => {
      setChosen(null);
    },
    onHover: setHovered,
    onPort: connecting.begin
  });
  const { namesOf, byKey, focusItem, expand, collapse, handlers } = selecting;

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

  const edge = chosenOf({
    chosen,
    setChosen,
    ways,
    items,
    edges: drawing?.arrangement.edges ?? [],
    anchor,
    onDisconnect: props.onDisconnect
  });
  const { chosenEdge, chosenFrom, chosenTo, removable, removeChosen, chooseNext } = edge;
  const tellChosen = React.useRef(props.onChooseEdge);
  tellChosen.current = props.onChooseEdge;
  const [chosenSource, chosenTarget] = [chosenFrom?.label, chosenTo?.label];
  const toldChosen = React.useRef(false);
  React.useEffect(() => {
    const pair =
      chosenSource === undefined || chosenTarget === undefined
        ? null
        : ([chosenSource, chosenTarget] as const);
    if (pair !== null || toldChosen.current) {
      toldChosen.current = pair !== null;
      tellChosen.current?.(pair);
    }
  }, [chosenSource, chosenTarget]);

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
  const keys: Keys = {
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
  const onKeyDown = onKeys(keys, goTo, () => {
    onSelectMany(items.flatMap(namesOf));
  });

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
              <Drawn
                {...props}
                shown={shown.edges.filter(i => !isHidden(i))}
                drawn={drawnNodes}
                ways={drawing?.arrangement.edges ?? []}
                edgeKeys={drawing?.edgeKeys ?? []}
                layout={layout}
                items={items}
                paths={paths}
                width={box.nodeWidth}
                detailed={shownPart?.legible === true}
                measure={measure}
                looking={looking}
                tabStop={tabStop}
                direction={direction}
                connecting={connecting}
                handlers={handlers}
                edge={edge}
                lines={flat}
                middle={chosenMiddle}
              />
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

/** A point in the middle of a line. */
function middleOf(line: readonly Point[] | undefined): Point | null {
  return line?.[Math.floor(line.length / 2)] ?? null;
}
