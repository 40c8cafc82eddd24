/**
 * Text that fits: measured, and shortened. Names in their middle, where they differ least; words of
 * a sentence at their end, where they can be guessed.
 */

/** The width of a text in pixels. */
export type Measure = (text: string) => number;

/** Measures text as the browser would draw it in the given CSS font. */
export function measureIn(font: string): Measure {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) {
    return text => text.length * 7;
  }
  context.font = font;
  return text => context.measureText(text).width;
}

/** Fewer letters than that say nothing. */
const FEWEST = 4;

/** The name, or its beginning and end around an ellipsis, within `width`. */
export function shorten(text: string, width: number, measure: Measure): string {
  const letters = Array.from(text);
  const kept = (keep: number): string => {
    const head = Math.ceil(keep * 0.6);
    return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (keep - head)).join('')}`;
  };
  return measure(text) <= width ? text : kept(most(letters.length, width, kept, measure));
}

/** The words, or their beginning before an ellipsis, within `width`; '' where too little would be left. */
export function clip(text: string, width: number, measure: Measure): string {
  const letters = Array.from(text);
  const kept = (keep: number): string => `${letters.slice(0, keep).join('').trimEnd()}…`;
  if (measure(text) <= width) {
    return text;
  }
  const keep = most(letters.length, width, kept, measure);
  return keep < FEWEST ? '' : kept(keep);
}

/** The most letters that can be kept; at least one. */
function most(
  count: number,
  width: number,
  kept: (keep: number) => string,
  measure: Measure
): number {
  let low = 1;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(kept(middle)) <= width) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
