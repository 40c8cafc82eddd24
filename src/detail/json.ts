/**
 * JSON as a tree to look at. Pure.
 *
 * Reads what `JSON.parse` refuses or changes: NaN and Infinity as Python writes them, numbers to
 * their last digit, several values one after another, and a text that was cut off, as far as it goes.
 */

export type Json =
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Json])[] }
  | { readonly kind: 'array'; readonly items: readonly Json[] }
  | { readonly kind: 'string'; readonly text: string }
  /** A number, true, false, null: as it is written. */
  | { readonly kind: 'literal'; readonly text: string };

/** Deeper than that nobody looks, and the stack has an end. */
const DEEPEST = 200;

/** The values of a text; null when it is no JSON. */
export function readJson(text: string): readonly Json[] | null {
  const reader = new Reader(text);
  const values: Json[] = [];
  while (!reader.atEnd()) {
    const value = reader.value(0);
    if (value === null) {
      return reader.cut && values.length > 0 ? values : null;
    }
    values.push(value);
    if (reader.cut) {
      break;
    }
  }
  return values.length === 0 ? null : values;
}

/** How many values an object or array holds; null for anything else. */
export function sizeOf(value: Json): number | null {
  switch (value.kind) {
    case 'object':
      return value.entries.length;
    case 'array':
      return value.items.length;
    default:
      return null;
  }
}

const LITERAL = /-?(?:NaN|Infinity|\d[\d.eE+-]*)|true|false|null/y;
const CUT_LITERAL = /^(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-?N|-?Na|-?I\w{0,6}|-)$/;
const STRING = /"(?:[^"\\]|\\[^])*"/y;

class Reader {
  constructor(text: string) {
    this._text = text;
  }

  /** Did the text end before its last value? */
  cut = false;

  atEnd(): boolean {
    this._skip();
    return this._at >= this._text.length;
  }

  value(depth: number): Json | null {
    this._skip();
    switch (this._text[this._at]) {
      case undefined:
        this.cut = true;
        return null;
      case '{':
        return depth > DEEPEST ? null : this._object(depth);
      case '[':
        return depth > DEEPEST ? null : this._array(depth);
      case '"': {
        const text = this._string();
        return text === null ? null : { kind: 'string', text };
      }
      default: {
        const text = this._match(LITERAL);
        this.cut ||= text === null && CUT_LITERAL.test(this._text.slice(this._at));
        return text === null ? null : { kind: 'literal', text };
      }
    }
  }

  private _object(depth: number): Json | null {
    const entries: (readonly [string, Json])[] = [];
    const made: Json = { kind: 'object', entries };
    this._at += 1;
    if (this._taken('}')) {
      return made;
    }
    for (;;) {
      this._skip();
      if (this._ended()) {
        return made;
      }
      const key = this._text[this._at] === '"' ? this._string() : null;
      if (key === null || this._ended()) {
        return this.cut ? made : null;
      }
      if (!this._taken(':')) {
        return this._ended() ? made : null;
      }
      const value = this.value(depth + 1);
      if (value === null) {
        return this.cut ? made : null;
      }
      entries.push([key, value]);
      if (this.cut || this._taken('}')) {
        return made;
      }
      if (!this._taken(',')) {
        return this._ended() ? made : null;
      }
    }
  }

  private _array(depth: number): Json | null {
    const items: Json[] = [];
    const made: Json = { kind: 'array', items };
    this._at += 1;
    if (this._taken(']')) {
      return made;
    }
    for (;;) {
      const value = this.value(depth + 1);
      if (value === null) {
        return this.cut ? made : null;
      }
      items.push(value);
      if (this.cut || this._taken(']')) {
        return made;
      }
      if (!this._taken(',')) {
        return this._ended() ? made : null;
      }
    }
  }

  private _string(): string | null {
    const text = this._match(STRING);
    if (text === null) {
      this.cut = true; // it does not end
      return null;
    }
    try {
      return JSON.parse(text) as string;
    } catch {
      return text.slice(1, -1); // with characters that should have been escaped
    }
  }

  private _match(pattern: RegExp): string | null {
    pattern.lastIndex = this._at;
    const text = pattern.exec(this._text)?.[0] ?? null;
    this._at += text?.length ?? 0;
    return text;
  }

  private _taken(sign: string): boolean {
    this._skip();
    const there = this._text[this._at] === sign;
    this._at += there ? 1 : 0;
    return there;
  }

  private _ended(): boolean {
    this._skip();
    this.cut ||= this._at >= this._text.length;
    return this.cut;
  }

  private _skip(): void {
    while (/^[ \t\r\n]$/.test(this._text[this._at] ?? '')) {
      this._at += 1;
    }
  }

  private readonly _text: string;
  private _at = 0;
}
