/**
 * Names that fit: text is measured and shortened in its middle, where names differ least.
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

/** The text, or its beginning and end around an ellipsis, within `width`. */
export function shorten(text: string, width: number, measure: Measure): string {
  if (measure(text) <= width) {
    return text;
  }
  const letters = Array.from(text);
  let low = 1;
  let high = letters.length;
  const cut = (keep: number): string => {
    const head = Math.ceil(keep * 0.6);
    return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (keep - head)).join('')}`;
  };
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(cut(middle)) <= width) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return cut(low);
}
