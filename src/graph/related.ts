/**
 * What hangs together in a graph: what something needs, what needs it, and how far that is.
 */

/** Pairs of node numbers: used, user. */
export type Links = readonly (readonly [number, number])[];

/** The neighbours of each node along the links, or against them. */
export function neighbours(count: number, links: Links, against = false): readonly number[][] {
  const found: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of links) {
    found[against ? to : from]?.push(against ? from : to);
  }
  return found;
}

/** What can be reached from some nodes in so many steps, the nodes themselves left out unless on a cycle. */
export function reached(
  next: readonly (readonly number[])[],
  from: Iterable<number>,
  steps = Infinity
): ReadonlySet<number> {
  const found = new Set<number>();
  let edge = [...from];
  for (let step = 0; step < steps && edge.length > 0; step++) {
    edge = edge
      .flatMap(node => next[node] ?? [])
      .filter(node => {
        const isNew = !found.has(node);
        found.add(node);
        return isNew;
      });
  }
  return found;
}

/** What some nodes need and what needs them, near or far: the nodes themselves, too. */
export function around(
  count: number,
  links: Links,
  centre: readonly number[],
  steps: number
): ReadonlySet<number> {
  return new Set([
    ...centre,
    ...reached(neighbours(count, links, true), centre, steps),
    ...reached(neighbours(count, links), centre, steps)
  ]);
}

/** How a node is related to others that are looked at. */
export interface IKin {
  readonly up: ReadonlySet<number>;
  readonly down: ReadonlySet<number>;
}

/** All that some nodes need, and all that needs them. */
export function kin(count: number, links: Links, centre: readonly number[]): IKin {
  return {
    up: reached(neighbours(count, links, true), centre),
    down: reached(neighbours(count, links), centre)
  };
}

/** Is a link part of a way that leads to, or from, the nodes in the centre? */
export function leads(
  [from, to]: readonly [number, number],
  centre: ReadonlySet<number>,
  of: IKin
): boolean {
  const upwards = of.up.has(from) && (of.up.has(to) || centre.has(to));
  const downwards = of.down.has(to) && (of.down.has(from) || centre.has(from));
  return upwards || downwards;
}

/** Would a link from one node to another close a cycle? */
export function closesCycle(count: number, links: Links, from: number, to: number): boolean {
  return from === to || reached(neighbours(count, links), [to]).has(from);
}

/**
 * The links between nodes that are kept, with one for each way between two of them that leads through
 * nodes that are not.
 */
export function condensed(
  count: number,
  links: Links,
  kept: (node: number) => boolean
): readonly { readonly from: number; readonly to: number; readonly indirect: boolean }[] {
  const next = neighbours(count, links);
  const found: { from: number; to: number; indirect: boolean }[] = [];
  for (let from = 0; from < count; from++) {
    if (!kept(from)) {
      continue;
    }
    const direct = new Set((next[from] ?? []).filter(kept));
    for (const to of direct) {
      found.push({ from, to, indirect: false });
    }
    const through = new Set<number>();
    const told = new Set<number>();
    const stack = (next[from] ?? []).filter(node => !kept(node));
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (through.has(node)) {
        continue;
      }
      through.add(node);
      for (const child of next[node] ?? []) {
        if (!kept(child)) {
          stack.push(child);
        } else if (!direct.has(child) && child !== from && !told.has(child)) {
          told.add(child);
          found.push({ from, to: child, indirect: true });
        }
      }
    }
  }
  return found;
}
