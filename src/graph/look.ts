/**
 * How somebody looks at the graph: remembered with the rest of the view.
 */
import { GROUPINGS, type Grouping } from './groups';

export const LEVELS = [0, 1, 2, 3, 5] as const;
export const DIRECTIONS = ['auto', 'down', 'right'] as const;
export const FORMATS = ['svg', 'png', 'mermaid'] as const;

/** What a picture of the graph may be. */
export type Format = (typeof FORMATS)[number];

export interface IGraphView {
  readonly grouping: Grouping | 'auto' | 'none';
  /** Groups that are drawn as the tasks they are made of. */
  readonly expanded: readonly string[];
  /** Only what is so many steps away from the selection; 0 for everything. */
  readonly levels: number;
  readonly direction: (typeof DIRECTIONS)[number];
  /** Are tasks left out that are not looked for, and links that do not lead to what is selected? */
  readonly hideOthers: boolean;
  readonly hideLinks: boolean;
  readonly map: boolean;
}

export const GRAPH_VIEW: IGraphView = {
  grouping: 'auto',
  expanded: [],
  levels: 0,
  direction: 'auto',
  hideOthers: false,
  hideLinks: false,
  map: true
};

/** What was remembered, as far as it has the shape that it should have. */
export function parseGraphView(found: unknown, fallback: IGraphView = GRAPH_VIEW): IGraphView {
  if (typeof found !== 'object' || found === null) {
    return fallback;
  }
  const said = found as Readonly<Record<string, unknown>>;
  const truth = (value: unknown, otherwise: boolean): boolean =>
    typeof value === 'boolean' ? value : otherwise;
  const { expanded } = said;
  return {
    grouping:
      (['auto', 'none', ...GROUPINGS] as const).find(each => each === said.grouping) ??
      fallback.grouping,
    expanded: Array.isArray(expanded)
      ? expanded.filter((each): each is string => typeof each === 'string')
      : fallback.expanded,
    levels: LEVELS.find(each => each === said.levels) ?? fallback.levels,
    direction: DIRECTIONS.find(each => each === said.direction) ?? fallback.direction,
    hideOthers: truth(said.hideOthers, fallback.hideOthers),
    hideLinks: truth(said.hideLinks, fallback.hideLinks),
    map: truth(said.map, fallback.map)
  };
}
