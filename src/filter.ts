/**
 * What is looked for among the tasks: `fit state:failed,stale folder:tasks -draft`.
 *
 * Words are parts of names, or whole names where they have a `*`; `key:value` asks for something else,
 * with commas between values of which one is enough; a minus in front turns a term round. All terms
 * must hold. The text is the only truth: buttons that stand for a term change the text.
 */
import type { TaskState } from './taskstate';

/** What of a task can be asked for. */
export interface IFilterable {
  readonly name: string;
  /** Null of one that is no longer in the pipeline. */
  readonly state: TaskState | null;
  /** The folder of its source, as `folderOf` tells; '' for the project's own. */
  readonly folder: string;
  readonly kind: string;
}

export interface IFilter {
  /** Is nothing asked for? Then everything matches. */
  readonly empty: boolean;
  readonly matches: (task: IFilterable) => boolean;
  /** Terms that say nothing: an unknown key or state. They are left out of account. */
  readonly unknown: readonly string[];
}

/** The states, from what needs somebody to what does not. */
export const STATES: readonly TaskState[] = [
  'failed',
  'broken',
  'blocked',
  'running',
  'asked',
  'waiting',
  'cancelled',
  'skipped',
  'stale',
  'never',
  'fresh'
];

/** Words for several states at once. */
const SEVERAL: ReadonlyMap<string, readonly TaskState[]> = new Map<string, readonly TaskState[]>([
  ['active', ['asked', 'running', 'waiting']],
  ['outdated', STATES.filter(state => state !== 'fresh')]
]);

type Test = (task: IFilterable) => boolean;

interface ITerm {
  /** As it was written. */
  readonly text: string;
  readonly not: boolean;
  readonly key: string;
  readonly values: readonly string[];
}

/** A term: perhaps a minus, perhaps a key, then words and quoted parts up to a space. */
const TERM = /(?:"[^"]*"?|[^\s"])+/gu;
const KEYED = /^(\w+):(.*)$/su;

/** The filter that a text stands for. Every text stands for one, also while it is being typed. */
export function parseFilter(text: string): IFilter {
  const tests: Test[] = [];
  const unknown: string[] = [];
  for (const term of termsOf(text)) {
    const test = testOf(term);
    if (test === 'unknown') {
      unknown.push(term.text);
    } else if (test !== null) {
      tests.push(term.not ? task => !test(task) : test);
    }
  }
  return {
    empty: tests.length === 0,
    matches: task => tests.every(test => test(task)),
    unknown
  };
}

/** The states that the text asks for by `state:`; none when it does not ask. */
export function statesIn(text: string): ReadonlySet<TaskState> {
  return new Set(
    termsOf(text)
      .filter(({ key, not }) => key === 'state' && !not)
      .flatMap(({ values }) => values.flatMap(statesOf))
  );
}

/** The text with exactly these states asked for, and all else as it is. */
export function withStates(text: string, states: Iterable<TaskState>): string {
  const wanted = new Set(states);
  const others = termsOf(text)
    .filter(({ key, not }) => key !== 'state' || not)
    .map(term => term.text);
  const ordered = STATES.filter(state => wanted.has(state));
  return [...(ordered.length > 0 ? [`state:${ordered.join(',')}`] : []), ...others].join(' ');
}

/** The folder of a task's source; of a function the module, as a path. */
export function folderOf(task: { readonly kind: string; readonly source: string }): string {
  const path = task.kind === 'function' ? task.source.replaceAll('.', '/') : task.source;
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function termsOf(text: string): readonly ITerm[] {
  return (text.match(TERM) ?? []).map(written => {
    const not = written.startsWith('-') && written.length > 1;
    const rest = not ? written.slice(1) : written;
    const [, key = '', value = rest] = rest.startsWith('"') ? [] : (KEYED.exec(rest) ?? []);
    return {
      text: written,
      not,
      key: key.toLowerCase(),
      // Quotes keep spaces together; a comma in them is none.
      values: (value.match(/(?:"[^"]*"?|[^,"])+/gu) ?? [])
        .map(each => plain(each.replaceAll('"', '')))
        .filter(each => each !== '')
    };
  });
}

/** Null for a term that asks for nothing yet, as `state:` while it is being typed. */
function testOf({ key, values }: ITerm): Test | 'unknown' | null {
  const make = BY_KEY.get(key);
  if (make === undefined) {
    return 'unknown';
  }
  return values.length === 0 ? null : (make(values) ?? 'unknown');
}

const BY_KEY = new Map<string, (values: readonly string[]) => Test | null>([
  ['', byName],
  ['name', byName],
  ['state', byState],
  ['folder', byFolder],
  ['kind', byKind]
]);

function byState(values: readonly string[]): Test | null {
  const states = new Set(values.flatMap(statesOf));
  return states.size === 0 ? null : task => task.state !== null && states.has(task.state);
}

/** From the beginning of any folder on the way, so that it narrows while it is being typed. */
function byFolder(values: readonly string[]): Test {
  const wanted = values.map(value => `/${value.replace(/^\/+|\/+$/gu, '')}`);
  return task => {
    const path = `/${plain(task.folder)}`;
    return wanted.some(value => path.includes(value));
  };
}

function byKind(values: readonly string[]): Test {
  return task => values.some(value => task.kind.startsWith(value));
}

function byName(values: readonly string[]): Test {
  const tests = values.map(value => {
    if (!value.includes('*')) {
      return (name: string) => name.includes(value);
    }
    const parts = value.split('*').map(part => part.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&'));
    const whole = new RegExp(`^${parts.join('.*')}$`, 'su');
    return (name: string) => whole.test(name);
  });
  return task => {
    const name = plain(task.name);
    return tests.some(test => test(name));
  };
}

/** The states that a word begins: one, or several for `active` and `outdated`. */
function statesOf(word: string): readonly TaskState[] {
  return SEVERAL.get(word) ?? (word === '' ? [] : STATES.filter(state => state.startsWith(word)));
}

/** As it is compared: neither case nor accents count. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
