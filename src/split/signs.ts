/**
 * The sign of a section: a shape, a colour and its number tie its cells to its task. Pure.
 */
import type { IMark } from '../taskstate';

/** Shapes of 12 by 12 units; together with the colours, twenty sections look unlike each other. */
const SHAPES: readonly string[] = [
  'M6 1a5 5 0 1 1 0 10 5 5 0 1 1 0-10Z',
  'M1.6 1.6h8.8v8.8H1.6Z',
  'M6 .9 11.3 10.6H.7Z',
  'M6 .4 11.6 6 6 11.6.4 6Z',
  'M6 .7 11.4 4.7 9.4 11H2.6L.6 4.7Z'
];

/** How many colours there are; style/split.css says which. */
const TINTS = 4;

export interface ISign extends IMark {
  readonly tint: number;
}

const SIGNS: readonly ISign[] = Array.from({ length: SHAPES.length * TINTS }, (_, i) => {
  const shape = SHAPES[i % SHAPES.length] ?? '';
  return { line: shape, fill: shape, tint: i % TINTS };
});

/** The sign of a section by its number. */
export function signOf(section: number): ISign {
  return SIGNS[section % SIGNS.length] ?? { line: '', tint: 0 };
}
