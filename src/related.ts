/**
 * What hangs together in a graph: what something needs, what needs it, and how far that is.
 */

/** Pairs of nodes, which are numbers or names: used, user. */
export type Links<T = number> = readonly (readonly [T, T])[];

/** The neighbours of the nodes that have any, in the order of the links. */
export type Neighbours<T = number> = ReadonlyMap<T, readonly T[]>;

/** Looked up along the links, or against them. */
export function neighbours<T>(links: Links<T>, against = false): Neighbours<T> {
  const found = new Map<T, T[]>();
  for (const [used, user] of links) {
    const [from, to] = against ? [user, used] : [used, user];
    const known = found.get(from);
    if (known === undefined) {
      found.set(from, [to]);
    } else {
      known.push(to);
    }
  }
  return found;
}

/** What can be reached from some nodes in so many steps, the nodes themselves left out unless on a cycle. */
export function reached<T>(
  next: Neighbours<T>,
  from: Iterable<T>,
  steps = Infinity
): ReadonlySet<T> {
  const found = new Set<T>();
  let edge = [...from];
  for (let step = 0; step < steps && edge.length > 0; step++) {
    edge = edge
      .flatMap(node => next.get(node) ?? [])
      .filter(node => {
        const isNew = !found.has(node);
        found.add(node);
        return isNew;
      });
  }
  return found;
}

/** What some nodes need and what needs them, near or far: the nodes themselves, too. */
export function around<T>(links: Links<T>, centre: readonly T[], steps: number): ReadonlySet<T> {
  return new Set([
    ...centre,
    ...reached(neighbours(links, true), centre, steps),
    ...reached(neighbours(links), centre, steps)
  ]);
}

/** How a node is related to others that are looked at. */
export interface IKin<T = number> {
  readonly up: ReadonlySet<T>;
  readonly down: ReadonlySet<T>;
}

/** All that some nodes need, and all that needs them. */
export function kin<T>(links: Links<T>, centre: readonly T[]): IKin<T> {
  return {
    up: reached(neighbours(links, true), centre),
    down: reached(neighbours(links), centre)
  };
}

/** Is a link part of a way that leads to, or from, the nodes in the centre? */
export function leads<T>(
  [from, to]: readonly [T, T],
  centre: ReadonlySet<T>,
  of: IKin<T>
): boolean {
  const upwards = of.up.has(from) && (of.up.has(to) || centre.has(to));
  const downwards = of.down.has(to) && (of.down.has(from) || centre.has(from));
  return upwards || downwards;
}

/** Would a link from one node to another close a cycle? */
export function closesCycle<T>(links: Links<T>, from: T, to: T): boolean {
  return from === to || reached(neighbours(links), [to]).has(from);
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
  const next = neighbours(links);
  const found: { from: number; to: number; indirect: boolean }[] = [];
  for (let from = 0; from < count; from++) {
    if (!kept(from)) {
      continue;
    }
    const direct = new Set((next.get(from) ?? []).filter(kept));
    for (const to of direct) {
      found.push({ from, to, indirect: false });
    }
    const through = new Set<number>();
    const told = new Set<number>();
    const stack = (next.get(from) ?? []).filter(node => !kept(node));
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (through.has(node)) {
        continue;
      }
      through.add(node);
      for (const child of next.get(node) ?? []) {
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
