/**
 * What a task follows from, and what follows from it.
 */
export type NamedEdge = readonly [string, string];

export interface ILineage {
  readonly ancestors: ReadonlySet<string>;
  readonly descendants: ReadonlySet<string>;
}

/** The graph by names, looked up both ways. */
export interface INeighbours {
  /** What a task uses, in the order of the edges. */
  readonly up: ReadonlyMap<string, readonly string[]>;
  readonly down: ReadonlyMap<string, readonly string[]>;
}

export function neighboursOf(edges: readonly NamedEdge[]): INeighbours {
  const up = new Map<string, string[]>();
  const down = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, value: string): void => {
    const known = map.get(key);
    if (known === undefined) {
      map.set(key, [value]);
    } else {
      known.push(value);
    }
  };
  for (const [source, target] of edges) {
    add(up, target, source);
    add(down, source, target);
  }
  return { up, down };
}

export function lineageOf({ up, down }: INeighbours, task: string): ILineage {
  return { ancestors: reached(up, task), descendants: reached(down, task) };
}

function reached(next: ReadonlyMap<string, readonly string[]>, from: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const left = [...(next.get(from) ?? [])];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (!seen.has(name) && name !== from) {
      seen.add(name);
      left.push(...(next.get(name) ?? []));
    }
  }
  return seen;
}
