/**
 * Where the parts of a drawing go that nothing connects: on shelves, as wide together as a page is.
 */
export interface IBoxed {
  readonly width: number;
  readonly height: number;
}

/** How much wider than high the whole is meant to be. */
const ASPECT = 1.5;

/** The upper left corner of each box, in the order given, and how large all of them are. */
export function pack(
  boxes: readonly IBoxed[],
  gapX: number,
  gapY: number
): IBoxed & { readonly at: readonly (readonly [number, number])[] } {
  const area = boxes.reduce((sum, box) => sum + (box.width + gapX) * (box.height + gapY), 0);
  const room = boxes.reduce((most, box) => Math.max(most, box.width), Math.sqrt(area * ASPECT));
  let [x, y, shelf, width] = [0, 0, 0, 0];
  const at = boxes.map((box): readonly [number, number] => {
    if (x > 0 && x + box.width > room) {
      y += shelf + gapY;
      [x, shelf] = [0, 0];
    }
    const corner = [x, y] as const;
    x += box.width + gapX;
    shelf = Math.max(shelf, box.height);
    width = Math.max(width, corner[0] + box.width);
    return corner;
  });
  return { width, height: y + shelf, at };
}
