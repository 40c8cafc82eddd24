/**
 * What the user does to a split, as another request: the request is the only truth, and no edit changes
 * it in place. Pure.
 */
import type { Split, SplitProduct, SplitProposal, SplitRequest, SplitTask } from '../contract';

export type SplitFormat = SplitProduct['format'];

/** A request that says all that it can say. */
export type SplitWish = Required<SplitRequest>;

/** How a notebook is split when nobody has said anything. */
export function newRequest(notebook: string, parts: Partial<SplitWish> = {}): SplitWish {
  return {
    notebook,
    level: null,
    cuts: null,
    names: {},
    sourceFormat: '',
    formats: {},
    keys: {},
    dfFormat: '',
    serializer: '',
    edges: [],
    definitions: {},
    repeated: {},
    prefix: 'output',
    folder: '',
    pipeline: 'pipeline.yaml',
    module: 'definitions',
    tests: false,
    single: false,
    ...parts
  };
}

/** How sections are made. */
export type Manner =
  | { readonly by: 'level'; readonly level: number }
  | { readonly by: 'hand' }
  | { readonly by: 'nothing' };

/** How the sections of the request are made; the plan knows which level was chosen for it. */
export function mannerOf(request: SplitWish, plan: Split | null): Manner {
  if (request.single) {
    return { by: 'nothing' };
  }
  const level = request.level ?? plan?.level ?? null;
  return request.cuts !== null || level === null ? { by: 'hand' } : { by: 'level', level };
}

/** Sections made in another manner. By hand begins with the sections that there are. */
export function withManner(request: SplitWish, plan: Split, manner: Manner): SplitWish {
  switch (manner.by) {
    case 'level':
      return { ...request, level: manner.level, cuts: null, single: false };
    case 'hand':
      return { ...byHand(request, plan), cuts: beginnings(request, plan) };
    case 'nothing':
      return { ...request, single: true };
  }
}

/** The first cells of the sections, in order: the first section begins where the notebook does. */
export function beginnings(request: SplitWish, plan: Split): readonly number[] {
  if (request.single) {
    return plan.cells.length === 0 ? [] : [0];
  }
  const known = request.cuts ?? plan.tasks.map(task => task.first);
  const last = plan.cells.length;
  return [...new Set([0, ...known])].filter(cell => cell < last).sort((a, b) => a - b);
}

/** Let a task begin at a cell. */
export function addCut(request: SplitWish, plan: Split, cell: number): SplitWish {
  const cuts = beginnings(request, plan);
  return cuts.includes(cell) || cell <= 0 || cell >= plan.cells.length
    ? request
    : { ...byHand(request, plan), cuts: [...cuts, cell].sort((a, b) => a - b) };
}

/** Join the task that begins at a cell to the one before it. What was said of it is forgotten. */
export function removeCut(request: SplitWish, plan: Split, cell: number): SplitWish {
  const cuts = beginnings(request, plan);
  if (cell === 0 || !cuts.includes(cell)) {
    return request;
  }
  const into = Math.max(...cuts.filter(each => each < cell));
  const named = byHand(request, plan);
  return {
    ...named,
    cuts: cuts.filter(each => each !== cell),
    names: without(named.names, String(cell)),
    ...retold(request, cell, into)
  };
}

/** Where the task that begins at a cell may begin instead: neither it nor the one before may be left empty. */
export function roomFor(cuts: readonly number[], cells: number, cell: number): [number, number] {
  const at = cuts.indexOf(cell);
  return [(cuts[at - 1] ?? -1) + 1, (cuts[at + 1] ?? cells) - 1];
}

/** Let the task that begins at a cell begin at another. What was said of it goes along. */
export function moveCut(request: SplitWish, plan: Split, from: number, to: number): SplitWish {
  const cuts = beginnings(request, plan);
  const [least, most] = roomFor(cuts, plan.cells.length, from);
  const target = Math.max(least, Math.min(most, to));
  if (from === 0 || target === from || !cuts.includes(from)) {
    return request;
  }
  const named = byHand(request, plan);
  const name = named.names[String(from)];
  return {
    ...named,
    cuts: cuts.map(each => (each === from ? target : each)),
    names: {
      ...without(named.names, String(from)),
      ...(name === undefined ? {} : { [String(target)]: name })
    },
    ...retold(request, from, target)
  };
}

/** Call a task so; '' for the name that it has by itself. */
export function rename(request: SplitWish, first: number, name: string): SplitWish {
  const names = without(request.names, String(first));
  const wanted = name.trim();
  return { ...request, names: wanted === '' ? names : { ...names, [String(first)]: wanted } };
}

/** Store a variable so; `null` as its type asks for. */
export function store(request: SplitWish, product: string, format: SplitFormat | null): SplitWish {
  const formats = without(request.formats, product);
  return { ...request, formats: format === null ? formats : { ...formats, [product]: format } };
}

/** Call the product of a variable so in `product[…]`; '' for the name that it has by itself. */
export function call(request: SplitWish, product: string, key: string): SplitWish {
  const keys = without(request.keys, product);
  const wanted = key.trim();
  return { ...request, keys: wanted === '' ? keys : { ...keys, [product]: wanted } };
}

/** Let a task take a variable from another, or from nowhere. */
export function take(
  request: SplitWish,
  target: number,
  name: string,
  source: number | null
): SplitWish {
  const others = request.edges.filter(each => each.target !== target || each.name !== name);
  return { ...request, edges: [...others, { target, name, source }] };
}

/** Leave it to the code again where a task takes a variable from. */
export function untake(request: SplitWish, target: number, name: string): SplitWish {
  return {
    ...request,
    edges: request.edges.filter(each => each.target !== target || each.name !== name)
  };
}

/** Was it the user who said where the task takes the variable from? */
export function isTaken(request: SplitWish, target: number, name: string): boolean {
  return request.edges.some(each => each.target === target && each.name === name);
}

/** What a way out asks for; whether it asks to run the notebook is another matter. */
export function follow(request: SplitWish, proposal: SplitProposal): SplitWish {
  const { level, cuts, formats, definitions, repeated, single, folder, pipeline } = proposal;
  return {
    ...request,
    ...(level === null ? {} : { level, cuts: null, single: false }),
    ...(cuts === null ? {} : { cuts, single: false }),
    ...(single ? { single } : {}),
    ...(folder === '' ? {} : { folder }),
    ...(pipeline === '' ? {} : { pipeline }),
    formats: { ...request.formats, ...formats },
    definitions: { ...request.definitions, ...definitions },
    repeated: { ...request.repeated, ...repeated }
  };
}

/** The first cell of the task of that name. */
export function firstOf(tasks: readonly SplitTask[], name: string): number | null {
  return tasks.find(task => task.name === name)?.first ?? null;
}

/** A name that a task has for want of a better one. */
const NUMBERED = /^section-\d+(-\d+)?$/;

/** The request with cuts of its own: tasks keep their names, whatever heading they will begin with. */
function byHand(request: SplitWish, plan: Split): SplitWish {
  const cuts = beginnings(request, plan);
  const names = plan.tasks.flatMap(({ first, name }) =>
    cuts.includes(first) && !NUMBERED.test(name) && !request.single
      ? [[String(first), name] as const]
      : []
  );
  return { ...request, single: false, names: { ...Object.fromEntries(names), ...request.names } };
}

/** What was said of a section that begins at another cell now: formats, keys, and what it takes and gives. */
function retold(
  request: SplitWish,
  from: number,
  to: number
): Pick<SplitWish, 'formats' | 'keys' | 'edges'> {
  const before = `${String(from)}:`;
  const moved = <T>(said: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(
      Object.entries(said).map(([id, value]) => [
        id.startsWith(before) ? `${String(to)}:${id.slice(before.length)}` : id,
        value
      ])
    );
  return {
    formats: moved(request.formats),
    keys: moved(request.keys),
    edges: request.edges
      .map(each => ({
        ...each,
        target: each.target === from ? to : each.target,
        source: each.source === from ? to : each.source
      }))
      // A task takes nothing from itself.
      .filter(each => each.target !== each.source)
  };
}

function without<T>(said: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(said).filter(([each]) => each !== key));
}
