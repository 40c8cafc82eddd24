/**
 * What is done to the elements of the graph without React: it happens in every frame, or once they are there.
 */
import { NODE_HEIGHT } from './sizes';
import type { IBox, ISize, IViewport } from './viewport';

/** The buttons stand below what is shown when nobody has moved it, as long as it stays legible. */
const BUTTONS = 30;
/** So much around the window is drawn too, in parts of it. */
const SPARE = 0.3;
/** Around the drawing, for what stands over the border of its outermost nodes. */
const PAD = 24;

/** Put what is drawn where the view has it: without React, for it happens in every frame. */
export function place(
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

export function inside(part: IBox, of: IBox): boolean {
  return (
    part.left >= of.left && part.right <= of.right && part.top >= of.top && part.bottom <= of.bottom
  );
}

export function grown({ left, top, right, bottom }: IBox): IBox {
  const [x, y] = [(right - left) * SPARE, (bottom - top) * SPARE];
  return { left: left - x, top: top - y, right: right + x, bottom: bottom + y };
}

export function aboveButtons({ width, height }: ISize): ISize {
  return { width, height: Math.max(height - BUTTONS, NODE_HEIGHT) };
}

/**
 * Focus an item once it is drawn: it may have been out of view, or in a group that is being laid out. What
 * was wanted last counts, and nothing is taken from who has gone elsewhere meanwhile.
 */
export function focusSoon(frame: HTMLElement | null, key: string): void {
  const wish = ++wishes;
  let tries = 0;
  const attempt = (): void => {
    if (frame === null || wish !== wishes) {
      return;
    }
    const node = frame.querySelector<SVGGElement>(`[data-cauce-item="${CSS.escape(key)}"]`);
    if (node !== null) {
      node.focus({ preventScroll: true });
    } else if (!isElsewhere(frame) && (frame.dataset.busy === 'true' || tries++ < FOCUS_TRIES)) {
      requestAnimationFrame(attempt);
    }
  };
  requestAnimationFrame(attempt);
}

let wishes = 0;

/** Frames that an item may take to be drawn once it has a place. */
const FOCUS_TRIES = 20;

/** Has something else the focus? Nothing has it when what had it is gone. */
function isElsewhere(frame: HTMLElement): boolean {
  const { activeElement, body } = document;
  return !frame.isConnected || (activeElement !== body && !frame.contains(activeElement));
}
