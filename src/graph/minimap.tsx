/**
 * All of the drawing in a corner, with a frame around what the window shows: to be dragged.
 *
 * For the eye and the mouse only; keys and screen readers go from task to task.
 */
import * as React from 'react';

import type { Camera } from './camera';
import { paint, type IScene } from './far';
import type { Point } from './layout';
import { pointIn } from './usemouse';
import { windowOf, type ISize } from './viewport';

export interface IMinimapProps {
  readonly camera: Camera;
  readonly scene: IScene;
  readonly size: ISize;
  readonly title: string;
}

/** How much of the window it may take, and how large it gets at most. */
const PART = 0.36;
const MOST: ISize = { width: 168, height: 108 };
const LEAST = 28;
/** Fewer nodes are found without it. */
const FEW = 15;
const MARGIN = 3;

export function Minimap({ camera, scene, size, title }: IMinimapProps): React.JSX.Element | null {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const frame = React.useRef<HTMLDivElement>(null);
  const [needed, setNeeded] = React.useState(false);
  const { layout } = scene;
  const room = {
    width: Math.min(MOST.width, size.width * PART),
    height: Math.min(MOST.height, size.height * PART)
  };
  const scale = Math.min(
    (room.width - 2 * MARGIN) / Math.max(layout.width, 1),
    (room.height - 2 * MARGIN) / Math.max(layout.height, 1)
  );
  const width = Math.max(LEAST, Math.round(layout.width * scale) + 2 * MARGIN);
  const height = Math.max(LEAST, Math.round(layout.height * scale) + 2 * MARGIN);
  const view = {
    scale,
    x: (width - layout.width * scale) / 2,
    y: (height - layout.height * scale) / 2
  };

  React.useEffect(() => {
    const node = canvas.current;
    const context = node?.getContext('2d') ?? null;
    if (node === null || context === null) {
      return;
    }
    const ratio = window.devicePixelRatio || 1;
    node.width = width * ratio;
    node.height = height * ratio;
    // Lines would be a blur: the boxes tell where one is.
    paint(context, { ...scene, lines: [] }, view, { width, height }, ratio);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the view follows from the rest
  }, [scene, width, height, scale, needed]);

  React.useEffect(() => {
    const follow = (): void => {
      if (camera.view === null) {
        return;
      }
      const shown = windowOf(camera.view, size);
      const outside =
        shown.left > 1 ||
        shown.top > 1 ||
        shown.right < layout.width - 1 ||
        shown.bottom < layout.height - 1;
      setNeeded(outside);
      const node = frame.current;
      if (node !== null) {
        const left = Math.max(0, shown.left * scale + view.x);
        const top = Math.max(0, shown.top * scale + view.y);
        node.style.transform = `translate(${String(left)}px, ${String(top)}px)`;
        node.style.width = `${String(Math.max(3, Math.min(width, shown.right * scale + view.x) - left))}px`;
        node.style.height = `${String(Math.max(3, Math.min(height, shown.bottom * scale + view.y) - top))}px`;
      }
    };
    follow();
    return camera.listen(follow);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the view follows from the rest
  }, [camera, layout, size, scale, width, height, needed]);

  /** Have the window show what is at a point of the map in its middle. */
  const look = (at: Point): void => {
    const [x, y] = [(at[0] - view.x) / scale, (at[1] - view.y) / scale];
    camera.move(last => ({
      ...last,
      x: size.width / 2 - x * last.scale,
      y: size.height / 2 - y * last.scale
    }));
  };
  return needed && layout.nodes.length >= FEW && size.width > 160 && size.height > 120 ? (
    <div
      className="jp-cauce-Graph-map jp-cauce-Graph-above"
      aria-hidden="true"
      title={title}
      style={{ width, height }}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        look(pointIn(event.currentTarget, event));
      }}
      onPointerMove={event => {
        if (event.buttons === 1) {
          look(pointIn(event.currentTarget, event));
        }
      }}
    >
      <canvas ref={canvas} style={{ width, height }} />
      <div className="jp-cauce-Graph-frame" ref={frame} />
    </div>
  ) : null;
}
