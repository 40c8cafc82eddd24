/**
 * The window on the drawing: where it stands at first, and what of the drawing is in sight.
 */
import * as React from 'react';

import type { IItem } from './arrange';
import type { Camera } from './camera';
import { paint, type IScene } from './far';
import type { ILayout } from './layout';
import type { IGraphNode } from './node';
import { aboveButtons, grown, inside, place } from './placing';
import { firstLook, fit, LEGIBLE, windowOf, type IBox, type ISize } from './viewport';

/** With more boxes in a drawing that cannot be read, they are painted. */
const PAINTED = 150;
/** What is drawn at all: React draws again when another part of the drawing comes into sight. */
export interface IWindow {
  readonly part: IBox;
  readonly legible: boolean;
  readonly painted: boolean;
}

interface IOptions {
  readonly camera: Camera;
  readonly identity: string;
  readonly nodes: readonly IGraphNode[];
  readonly items: readonly IItem[];
  /** The drawing as it will stand, and as it is drawn on the way there. */
  readonly whole: ILayout | undefined;
  readonly layout: ILayout | null;
  readonly size: ISize | null;
  readonly scene: IScene | null;
}

interface IWindowed {
  readonly svg: React.RefObject<SVGSVGElement>;
  readonly scaled: React.RefObject<SVGGElement>;
  readonly layer: React.RefObject<HTMLDivElement>;
  readonly canvas: React.RefObject<HTMLCanvasElement>;
  readonly shownPart: IWindow | null;
}

export function useWindow(options: IOptions): IWindowed {
  const { camera, identity, nodes, items, whole, layout, size, scene } = options;
  const svg = React.useRef<SVGSVGElement>(null);
  const scaled = React.useRef<SVGGElement>(null);
  const layer = React.useRef<HTMLDivElement>(null);
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const [shownPart, setShownPart] = React.useState<IWindow | null>(null);

  React.useLayoutEffect(() => {
    camera.moved = false;
  }, [camera, identity]);

  React.useLayoutEffect(() => {
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
  }, [whole, size?.width, size?.height]);

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
  return { svg, scaled, layer, canvas, shownPart };
}
