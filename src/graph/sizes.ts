/**
 * How large things in the graph are: on screen and in pictures of it.
 */
export const NODE_HEIGHT = 38;
export const MIN_WIDTH = 96;
export const MAX_WIDTH = 184;
/** Gaps between nodes beside each other, and between layers, by the way in which edges run. */
export const GAPS = { down: { across: 14, along: 30 }, right: { across: 12, along: 44 } } as const;
/** So much more between layers where links have labels. */
export const LABEL_ROOM = 18;
/** So wide is a letter of a label, more or less. */
export const LABEL_LETTER = 6.4;
export const NAME_SIZE = 12;
export const WORD_SIZE = 10.5;
export const NAME_LEFT = 27;
export const NAME_TOP = 16;
export const WORD_TOP = 29.5;
export const MARK_AT = [9, 13] as const;
export const PADDING = 8;
