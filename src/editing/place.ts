/**
 * Where in a YAML text a cursor is.
 *
 * A text that is being typed is seldom sound YAML, so it is not parsed: dashes, keys and their
 * columns tell. Flow collections ([…], {…}) are understood within one line.
 */

/** A key of a mapping, or null for an entry of a list. */
export type Step = string | null;

export interface IPlace {
  /** The way from the top to the value that is being written. */
  readonly path: readonly Step[];
  /** May a key of a mapping stand here? */
  readonly takesKey: boolean;
  /** May a value stand here? */
  readonly takesValue: boolean;
  /** May the first dash of a list stand here? */
  readonly takesDash: boolean;
  /** The keys that the mapping has already. */
  readonly present: ReadonlySet<string>;
  /** Does a colon follow what is being written? */
  readonly hasColon: boolean;
  /** What would be replaced. */
  readonly from: number;
  readonly to: number;
}

interface IToken {
  readonly column: number;
  readonly step: Step;
  /** What stands behind a key in its line. */
  readonly value: string;
}

interface IKeyRange {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const WORD = /^[\w.*/-]*$/;
const BLOCK = /^[|>][-+\d]*\s*(?:#.*)?$/;
/** What may stand before a value that is still to come. */
const NO_VALUE = /^(?:[&!]\S*\s*)*(?:#.*)?$/;

/** Where an offset is, or null where nothing of use can be said: in comments, in running text. */
export function placeAt(text: string, offset: number): IPlace | null {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(start, offset);
  const after = /^[^\n]*/.exec(text.slice(offset))?.[0] ?? '';
  const { tokens, block } = tokensOf(text.slice(0, start));
  const [lead = '', indent = '', dashes = ''] = /^( *)((?:- +)*)/.exec(before) ?? [];
  const rest = before.slice(lead.length);
  if ((block !== null && indent.length > block) || commentAt(rest) >= 0) {
    return null;
  }
  const way: IToken[] = [];
  for (const token of tokens) {
    enter(way, token);
  }
  const own = dashesOf(indent.length, dashes);
  leave(way, own[0] ?? { column: lead.length, step: '', value: '' });
  if (!NO_VALUE.test(way[way.length - 1]?.value ?? '')) {
    return null; // the value above goes on here
  }
  way.push(...own);
  const path = way.map(({ step }) => step);
  const tail = /^[\w.*/-]*/.exec(after)?.[0] ?? '';
  const to = offset + tail.length;
  const hasColon = /^\s*:(?:\s|$)/.test(after.slice(tail.length));
  const colon = colonAt(rest);
  const value = (colon < 0 ? rest : rest.slice(colon + 1)).trimStart();
  if (colon >= 0) {
    path.push(unquoted(rest.slice(0, colon)));
  }
  if (/^[[{]/.test(value)) {
    const flow = flowAt(value);
    return flow === null
      ? null
      : {
          path: [...path, ...flow.path],
          takesKey: flow.takesKey,
          takesValue: !flow.takesKey,
          takesDash: false,
          present: flow.present,
          hasColon,
          from: offset - flow.typed.length,
          to
        };
  }
  const typed = value.replace(/^["']/, '');
  if (!WORD.test(typed) || (colon < 0 && typed !== value) || typed.startsWith('-')) {
    return null;
  }
  const below = tokensOf(text.slice(start).replace(/^[^\n]*\n?/, '')).tokens;
  const present =
    colon < 0 ? keysAround(own.length > 0 ? [] : tokens, below, lead.length) : new Set<string>();
  return {
    path,
    takesKey: colon < 0,
    takesValue: colon >= 0 || own.length > 0,
    takesDash: colon < 0 && own.length === 0 && present.size === 0 && !hasColon,
    present,
    hasColon,
    from: offset - typed.length,
    to
  };
}

/** The key that stands at an offset, with the way to the mapping that it is in. */
export function keyAt(
  text: string,
  offset: number
): { readonly path: readonly Step[]; readonly key: IKeyRange } | null {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const line = /^[^\n]*/.exec(text.slice(start))?.[0] ?? '';
  const [lead = ''] = /^ *(?:- +)*/.exec(line) ?? [];
  const colon = colonAt(line.slice(lead.length));
  const from = start + lead.length;
  const to = from + colon;
  if (colon < 0 || offset < from || offset > to) {
    return null;
  }
  const place = placeAt(text, from);
  return place === null
    ? null
    : { path: place.path, key: { name: unquoted(text.slice(from, to)), from, to } };
}

/** All dashes and keys of some lines, and the column of the key whose block of text goes on at the end. */
function tokensOf(text: string): {
  readonly tokens: readonly IToken[];
  readonly block: number | null;
} {
  const tokens: IToken[] = [];
  let block: number | null = null;
  for (const line of text.split('\n')) {
    const [lead = '', indent = '', dashes = ''] = /^( *)((?:- +|-$)*)/.exec(line) ?? [];
    const rest = line.slice(lead.length);
    if ((rest === '' && dashes === '') || rest.startsWith('#')) {
      continue;
    }
    if (block !== null && indent.length > block) {
      continue;
    }
    block = null;
    if (/^(?:---|\.\.\.)(?:\s|$)/.test(line)) {
      tokens.length = 0;
      continue;
    }
    const own = dashesOf(indent.length, dashes);
    tokens.push(...own);
    const colon = colonAt(rest);
    if (colon >= 0) {
      const value = rest.slice(colon + 1).trim();
      tokens.push({ column: lead.length, step: unquoted(rest.slice(0, colon)), value });
      block = BLOCK.test(value) ? lead.length : null;
    } else if (BLOCK.test(rest)) {
      block = own[own.length - 1]?.column ?? null;
    }
  }
  return { tokens, block };
}

function dashesOf(indent: number, dashes: string): IToken[] {
  return [...dashes.matchAll(/-/g)].map(({ index }) => ({
    column: indent + index,
    step: null,
    value: ''
  }));
}

/** Go out of what ends where the token begins. */
function leave(way: IToken[], token: IToken): void {
  for (let top = way[way.length - 1]; top !== undefined; top = way[way.length - 1]) {
    // A list may stand in the column of its key.
    const inside =
      top.column < token.column ||
      (top.column === token.column && top.step !== null && token.step === null);
    if (inside) {
      return;
    }
    way.pop();
  }
}

function enter(way: IToken[], token: IToken): void {
  leave(way, token);
  const top = way[way.length - 1];
  if (top === undefined || token.step === null || NO_VALUE.test(top.value)) {
    way.push(token);
  }
}

/** The keys of the mapping whose keys stand in a column, from the lines above and below. */
function keysAround(
  above: readonly IToken[],
  below: readonly IToken[],
  column: number
): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const tokens of [[...above].reverse(), below]) {
    for (const token of tokens) {
      if (token.column < column) {
        break;
      }
      if (token.column === column && token.step !== null) {
        keys.add(token.step);
      }
    }
  }
  return keys;
}

/** Where in a flow collection its end is, as far as it is written; null when it is closed. */
function flowAt(text: string): {
  readonly path: readonly Step[];
  readonly typed: string;
  readonly takesKey: boolean;
  readonly present: ReadonlySet<string>;
} | null {
  const open: { readonly list: boolean; key: Step; present: Set<string> }[] = [];
  let quote = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i);
    const top = open[open.length - 1];
    if (quote !== '') {
      quote = sign === quote ? '' : quote;
    } else if ((sign === '"' || sign === "'") && text.slice(from, i).trim() === '') {
      quote = sign;
    } else if (sign === '[' || sign === '{') {
      open.push({ list: sign === '[', key: null, present: new Set() });
      from = i + 1;
    } else if (sign === ']' || sign === '}') {
      open.pop();
      if (open.length === 0) {
        return null;
      }
    } else if (sign === ',' && top !== undefined) {
      top.key = null;
      from = i + 1;
    } else if (sign === ':' && top?.list === false && /^\s/.test(text.slice(i + 1))) {
      top.key = unquoted(text.slice(from, i));
      top.present.add(top.key);
      from = i + 1;
    }
  }
  const top = open[open.length - 1];
  const typed = text.slice(from).trimStart().replace(/^["']/, '');
  if (top === undefined || !WORD.test(typed)) {
    return null;
  }
  const takesKey = !top.list && top.key === null;
  const path = open.map(({ key }) => key);
  return { path: takesKey ? path.slice(0, -1) : path, typed, takesKey, present: top.present };
}

/** Where the colon of a key is; -1 when the text has no key. */
function colonAt(text: string): number {
  const quoted = /^(?:"[^"]*"|'[^']*')/.exec(text)?.[0].length ?? 0;
  if (quoted === 0 && /^[[{"'&*!|>%@`#]/.test(text)) {
    return -1;
  }
  const found = /:(?=\s|$)/.exec(text.slice(quoted));
  const comment = commentAt(text);
  const at = found === null ? -1 : quoted + found.index;
  return comment >= 0 && comment < at ? -1 : at;
}

/** Where a comment begins; -1 when there is none. */
function commentAt(text: string): number {
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i);
    const first = i === 0 || /[\s,:[{]/.test(text.charAt(i - 1));
    if (quote !== '') {
      quote = sign === quote ? '' : quote;
    } else if ((sign === '"' || sign === "'") && first) {
      quote = sign;
    } else if (sign === '#' && (i === 0 || /\s/.test(text.charAt(i - 1)))) {
      return i;
    }
  }
  return -1;
}

function unquoted(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/, '$2');
}

/** What of a line to mark for a problem at a column: its key, or its value up to where that ends. */
export function spanAt(line: string, column: number): readonly [number, number] {
  const start = Math.max(0, Math.min(column, line.length));
  const rest = line.slice(start);
  const comment = commentAt(rest);
  const inFlow = /[[{]/.test(line.slice(0, start));
  const quoted = /^(?:"[^"]*"|'[^']*')/.exec(rest)?.[0].length ?? 0;
  const ends = [
    comment < 0 ? rest.length : comment,
    colonAt(rest) < 0 ? rest.length : colonAt(rest),
    inFlow ? (/[,\]}]/.exec(rest)?.index ?? rest.length) : rest.length
  ];
  const end = quoted > 0 ? quoted : rest.slice(0, Math.min(...ends)).trimEnd().length;
  return end > 0 ? [start, start + end] : wholeLine(line);
}

function wholeLine(line: string): readonly [number, number] {
  return [line.length - line.trimStart().length, line.trimEnd().length];
}
