/**
 * The edge that is chosen: which it is, whether it can be removed, and which comes next.
 */
import type { IArrangement, IItem } from './arrange';
import type { Links } from '../related';

/** The keys of the items at both ends. */
export type Chosen = readonly [string, string] | null;

interface IOptions {
  readonly chosen: Chosen;
  readonly setChosen: (chosen: Chosen) => void;
  readonly ways: Links;
  readonly items: readonly IItem[];
  readonly edges: IArrangement['edges'];
  /** The key of the item that is selected. */
  readonly anchor: string | null;
  readonly onDisconnect: ((from: string, to: string) => void) | null;
}

export interface IChosen {
  /** Its number; -1 for none. */
  readonly chosenEdge: number;
  readonly chosenFrom: IItem | undefined;
  readonly chosenTo: IItem | undefined;
  readonly removable: boolean;
  readonly removeChosen: () => void;
  readonly chooseNext: (step: 1 | -1) => void;
}

export function chosenOf(options: IOptions): IChosen {
  const { chosen, setChosen, ways, items, edges, anchor, onDisconnect } = options;
  const chosenEdge = ways.findIndex(
    ([from, to]) => items[from]?.key === chosen?.[0] && items[to]?.key === chosen?.[1]
  );
  const chosenWay = edges[chosenEdge];
  const [chosenFrom, chosenTo] = [items[chosenWay?.from ?? -1], items[chosenWay?.to ?? -1]];
  const removable =
    onDisconnect !== null &&
    chosenWay?.indirect === false &&
    chosenFrom?.group === false &&
    chosenTo?.group === false;
  const removeChosen = (): void => {
    if (removable) {
      onDisconnect(chosenFrom.label, chosenTo.label);
      setChosen(null);
    }
  };
  /** Choose the edge after the one that is chosen, of those that end or begin at the selection. */
  const chooseNext = (step: 1 | -1): void => {
    const at = items.findIndex(({ key }) => key === anchor);
    const own = ways.flatMap(([from, to], i) => (from === at || to === at ? [i] : []));
    const next =
      own[
        (own.indexOf(chosenEdge) + step + own.length + (step < 0 && chosenEdge < 0 ? 1 : 0)) %
          own.length
      ];
    const found = next === undefined ? undefined : ways[next];
    if (found !== undefined) {
      setChosen([items[found[0]]?.key ?? '', items[found[1]]?.key ?? '']);
    }
  };
  return { chosenEdge, chosenFrom, chosenTo, removable, removeChosen, chooseNext };
}
