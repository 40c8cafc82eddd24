/**
 * Names of tasks in code: those that `upstream = [...]` of a parameters cell lists, and those that
 * `upstream["..."]` asks for. A reader of literals, for text that is being written: it knows no
 * more of Python and R than strings, comments and brackets.
 */

/** A text in the code, without its quotes. */
export interface IName {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** A name that is being written. */
export interface INamePlace {
  readonly from: number;
  readonly to: number;
  /** Names in the same list, without the one that is being written. */
  readonly others: readonly string[];
}

/** `upstream["a"]["` that is being written: the way so far, and where the next key stands. */
export interface IKeyPlace {
  readonly keys: readonly string[];
  readonly from: number;
  readonly to: number;
}

interface IToken {
  readonly kind:
    'string' | 'open' | 'close' | 'comma' | 'colon' | 'assign' | 'word' | 'line' | 'other';
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** Of a string: does it end? */
  readonly closed: boolean;
  /** How many brackets are open before it. */
  readonly depth: number;
  /** Does a line begin here? */
  readonly first: boolean;
}

const TOKEN =
  /(?<space>[ \t\r]+)|(?<comment>#[^\n]*)|(?<line>\n)|(?<string>[rRbBuUfF]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(?<open>[[({])|(?<close>[\])}])|(?<comma>,)|(?<assign><-|=(?!=))|(?<colon>:)|(?<word>[\p{L}_][\p{L}\p{N}_.]*)|(?<other>==|[\s\S])/uy;

function* tokens(code: string): Generator<IToken> {
  let depth = 0;
  let first = true;
  TOKEN.lastIndex = 0;
  for (;;) {
    const from = TOKEN.lastIndex;
    const groups = TOKEN.exec(code)?.groups;
    if (groups === undefined || from === code.length) {
      return;
    }
    const to = TOKEN.lastIndex;
    const found: readonly [string, string | undefined][] = Object.entries(groups);
    const [kind, text = ''] = found.find(([, said]) => said !== undefined) ?? [];
    if (kind === 'space' || kind === 'comment') {
      first &&= kind === 'comment';
      continue;
    }
    if (kind === 'close') {
      depth = Math.max(0, depth - 1);
    }
    const body = kind === 'string' ? text.replace(/^[rRbBuUfF]+/, '') : '';
    const quote = /^("""|'''|"|')/.exec(body)?.[0] ?? '';
    const closed = body.length >= 2 * quote.length && body.endsWith(quote);
    yield { kind: kind as IToken['kind'], text, from, to, closed, depth, first };
    // Others have generators of their own, with the same expression.
    TOKEN.lastIndex = to;
    if (kind === 'open') {
      depth += 1;
    }
    first = kind === 'line';
  }
}

/** The list that is last assigned to `upstream` at the top of the code: where it is, and its names. */
interface IList {
  readonly from: number;
  readonly to: number;
  /** Is what is assigned nothing but a list of names? */
  readonly plain: boolean;
  readonly strings: readonly IToken[];
}

function listIn(code: string): IList | null {
  let found: IList | null = null;
  let state: 'elsewhere' | 'name' | 'type' | 'value' = 'elsewhere';
  let strings: IToken[] = [];
  let start = 0;
  let plain = true;
  let keys = false;
  const close = (to: number): void => {
    if (state === 'value') {
      found = { from: start, to, plain, strings };
    }
    state = 'elsewhere';
  };
  for (const token of tokens(code)) {
    const { kind, text, depth } = token;
    if (depth === 0 && kind === 'line') {
      close(token.from);
    } else if (state === 'elsewhere') {
      if (kind === 'word' && text === 'upstream' && depth === 0 && token.first) {
        state = 'name';
      }
    } else if (state === 'name' || state === 'type') {
      if (kind === 'assign' && depth === 0) {
        state = 'value';
        [strings, start, plain, keys] = [[], token.to, true, false];
      } else if (state === 'name') {
        // Else, as in upstream["a"], it is used and not assigned.
        state = kind === 'colon' ? 'type' : 'elsewhere';
      }
    } else if (kind === 'string' && depth === 1) {
      // Of a dictionary, the keys are the names.
      if (!keys) {
        strings.push(token);
      }
      plain &&= !/^[rRbBuU]*[fF]/.test(text);
    } else if (kind === 'colon' && depth === 1) {
      keys = true;
    } else if (kind === 'comma' && depth === 1) {
      keys = false;
    } else if (
      kind === 'other' ||
      (kind === 'word' && !/^(list|c|set|tuple|None|NULL)$/.test(text))
    ) {
      plain = false;
    }
  }
  close(code.length);
  return found;
}

/** The names that the code lists as upstream; null when it lists none, or computes them. */
export function upstreamNames(code: string): readonly IName[] | null {
  const list = listIn(code);
  return list?.plain === true ? list.strings.map(nameOf) : null;
}

/** Whether a name of the list is being written at an offset, and where. */
export function nameAt(code: string, offset: number): INamePlace | null {
  const list = listIn(code);
  if (list === null || offset < list.from || offset > list.to) {
    return null;
  }
  const here = list.strings.find(token => isInside(token, offset));
  if (here === undefined) {
    return null;
  }
  const { from, to } = nameOf(here);
  const others = list.strings.filter(token => token !== here).map(token => nameOf(token).name);
  return { from, to: here.closed ? to : offset, others };
}

/** Whether a key of `upstream[...]` is being written at an offset, and where. */
export function keyAt(code: string, offset: number): IKeyPlace | null {
  let keys: string[] | null = null;
  let before: IToken | null = null;
  for (const token of tokens(code)) {
    if (token.from >= offset) {
      return null;
    }
    const { kind, text } = token;
    if (kind === 'word' && /(?:^|\.)upstream$/.test(text)) {
      keys = [];
    } else if (
      keys !== null &&
      kind === 'string' &&
      before?.kind === 'open' &&
      before.text === '['
    ) {
      if (isInside(token, offset)) {
        const { from, to } = nameOf(token);
        return { keys, from, to: token.closed ? to : offset };
      }
      keys.push(nameOf(token).name);
    } else if (keys !== null && text !== '[' && text !== ']') {
      keys = null;
    }
    before = token;
  }
  return null;
}

function isInside(token: IToken, offset: number): boolean {
  const { from, to } = nameOf(token);
  return offset >= from && offset <= to;
}

function nameOf({ from, text, closed }: IToken): IName {
  const prefix = /^[rRbBuUfF]*(?:"""|'''|"|')/.exec(text)?.[0] ?? '';
  const quote = prefix.replace(/^[rRbBuUfF]*/, '').length;
  const name = text.slice(prefix.length, text.length - (closed ? quote : 0));
  return { from: from + prefix.length, to: from + prefix.length + name.length, name };
}

/** What is wrong with a name, and what it may have been meant to be. */
export type NameProblem =
  | { readonly kind: 'unknown'; readonly name: IName; readonly meant: string | null }
  | { readonly kind: 'itself'; readonly name: IName }
  | { readonly kind: 'cycle'; readonly name: IName; readonly way: readonly string[] }
  | { readonly kind: 'twice'; readonly name: IName }
  | { readonly kind: 'no match'; readonly name: IName };

/** The tasks of a pipeline, as far as their names and needs go. */
export interface ITasks {
  readonly names: readonly string[];
  /** Pairs of a task and one that needs it. */
  readonly edges: readonly (readonly [string, string])[];
}

/** What is wrong with the names that a task lists as its upstream. */
export function nameProblems(
  listed: readonly IName[],
  task: string,
  tasks: ITasks
): readonly NameProblem[] {
  const known = new Set(tasks.names);
  const users = new Map<string, string[]>();
  for (const [need, user] of tasks.edges) {
    // What the task needs by what is saved is what is being edited.
    if (user !== task) {
      users.set(need, [...(users.get(need) ?? []), user]);
    }
  }
  const seen = new Set<string>();
  return listed.flatMap((name): readonly NameProblem[] => {
    const wanted = name.name;
    if (seen.has(wanted)) {
      return [{ kind: 'twice', name }];
    }
    seen.add(wanted);
    if (wanted.includes('*')) {
      const pattern = new RegExp(`^${wanted.split('*').map(escaped).join('.*')}$`, 'su');
      return tasks.names.some(each => each !== task && pattern.test(each))
        ? []
        : [{ kind: 'no match', name }];
    }
    if (wanted === task) {
      return [{ kind: 'itself', name }];
    }
    if (!known.has(wanted)) {
      return [
        {
          kind: 'unknown',
          name,
          meant: nearest(
            wanted,
            tasks.names.filter(each => each !== task)
          )
        }
      ];
    }
    const way = wayBetween(users, task, wanted);
    return way === null ? [] : [{ kind: 'cycle', name, way }];
  });
}

/** A way from one task to another along those that need each. */
function wayBetween(
  users: ReadonlyMap<string, readonly string[]>,
  from: string,
  to: string
): readonly string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  for (const task of cameFrom.keys()) {
    if (task === to) {
      const way: string[] = [];
      for (let at: string | null = to; at !== null; at = cameFrom.get(at) ?? null) {
        way.unshift(at);
      }
      return way;
    }
    for (const user of users.get(task) ?? []) {
      if (!cameFrom.has(user)) {
        cameFrom.set(user, task); // what is added is walked, too
      }
    }
  }
  return null;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** The name that was most likely meant, if one is near enough. */
export function nearest(wanted: string, names: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let least = limit + 1;
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) < least) {
      const found = distance(wanted.toLowerCase(), name.toLowerCase());
      if (found < least) {
        [best, least] = [name, found];
      }
    }
  }
  return best;
}

/** How many letters to change, add, remove, or swap with the next. */
function distance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[j - 2] ?? 0) + 1 : Infinity
        )
      );
    }
    [before, last] = [last, row];
  }
  return last[other.length] ?? 0;
}
