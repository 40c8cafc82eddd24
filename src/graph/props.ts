/**
 * What the graph is given, what it tells, and the words for it.
 */
import type { IControlWords } from './controls';
import type { Format, IGraphView } from './look';
import type { ICount, IGraphNode } from './node';
import type { IConnectWords } from './useconnecting';

export interface IGraphWords extends IControlWords, IConnectWords {
  readonly graph: string;
  readonly run: (name: string) => string;
  /** A group: how many tasks it has, and how many in each state. */
  readonly group: (label: string, counts: readonly ICount[]) => string;
  readonly expand: (label: string) => string;
  readonly collapse: (label: string) => string;
  readonly collapseAll: string;
  /** How many tasks are drawn in how many boxes. */
  readonly grouped: (tasks: number, boxes: number) => string;
  readonly hidden: (count: number) => string;
  readonly showAll: string;
  readonly nothing: string;
  readonly edge: (from: string, to: string) => string;
  readonly removeEdge: (from: string, to: string) => string;
}

export interface IGraphProps {
  readonly nodes: readonly IGraphNode[];
  /** Pairs of names: used, user. */
  readonly edges: readonly (readonly [string, string])[];
  /** Another graph, another key: the view starts afresh. */
  readonly identity: string;
  /** The names of the selected tasks, the one that counts most last. */
  readonly selection: readonly string[];
  readonly view: IGraphView;
  /** What is looked for; null for nothing. */
  readonly matches: ((node: IGraphNode) => boolean) | null;
  readonly words: IGraphWords;
  readonly onView: (parts: Partial<IGraphView>) => void;
  readonly onSelect: (name: string | null) => void;
  readonly onSelectMany: (names: readonly string[]) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
  /** Go to where one says what is looked for; null where there is no such place. */
  readonly onSearch: (() => void) | null;
  readonly onExport: ((format: Format) => void) | null;
  /** Have `to` use what `from` makes, or no longer; null where that cannot be changed. */
  readonly onConnect: ((from: string, to: string) => void) | null;
  readonly onDisconnect: ((from: string, to: string) => void) | null;
  /** What may be written on the link between two tasks: the first of it that there is room for. */
  readonly edgeLabels?: (from: string, to: string) => readonly string[];
  /** Somebody has chosen the link between two tasks, or none. */
  readonly onChooseEdge?: (edge: readonly [from: string, to: string] | null) => void;
}
