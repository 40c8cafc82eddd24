/**
 * What the dialogs that change a pipeline ask for, and what is sent of it. Pure.
 */
import type { NewTask, Task, UpstreamChange } from '../contract';

/** What is asked of a new task, as typed. */
export interface INewTaskForm {
  readonly source: string;
  readonly name: string;
  /** A line for each: `key: path`, or a path alone. */
  readonly products: string;
  readonly client: string;
  readonly upstream: readonly string[];
}

/** The new task that the form asks for; `null` while nothing is asked for. */
export function newTask(form: INewTaskForm, after: string, dryRun: boolean): NewTask | null {
  if (form.source.trim() === '') {
    return null;
  }
  return {
    source: form.source.trim(),
    name: form.name.trim(),
    products: productsOf(form.products),
    upstream: form.upstream,
    after,
    client: asksForClient(form.source) ? form.client.trim() : '',
    dryRun
  };
}

/** Key → path. A Windows drive is no key, nor is what comes before `://`. */
export function productsOf(text: string): Readonly<Record<string, string>> {
  const products: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*([^\s:/\\]{2,}|[^\s:/\\])\s*:\s+(.*\S)\s*$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      products[match[1]] = match[2];
    } else if (line.trim() !== '') {
      products[''] = line.trim();
    }
  }
  return products;
}

/** Does a source work in a database? */
export function asksForClient(source: string): boolean {
  return source.trim().toLowerCase().endsWith('.sql');
}

/** A path for a source that is to be beside the others: the folder that most tasks have. */
export function folderOfSources(tasks: readonly Task[]): string {
  const counts = new Map<string, number>();
  for (const { source, kind } of tasks) {
    if (kind !== 'function') {
      const folder = source.slice(0, source.lastIndexOf('/') + 1);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

/** What differs between what a task needs and what it is to need; `null` when nothing does. */
export function upstreamChange(
  before: readonly string[],
  after: readonly string[],
  dryRun: boolean
): UpstreamChange | null {
  const add = after.filter(name => !before.includes(name));
  const remove = before.filter(name => !after.includes(name));
  return add.length + remove.length === 0 ? null : { add, remove, dryRun };
}

/** The tasks that would need themselves, were `task` to need them: it, and all that depend on it. */
export function dependents(tasks: readonly Task[], task: string): ReadonlySet<string> {
  const found = new Set([task]);
  // In build order: whoever needs a task comes after it.
  for (const each of tasks) {
    if (each.upstream.some(name => found.has(name))) {
      found.add(each.name);
    }
  }
  return found;
}

/** The folder that holds all of these files; '' for the server's root. */
export function commonFolder(files: readonly string[]): string {
  const folders = files.map(file => file.split('/').slice(0, -1));
  const [first = [], ...others] = folders;
  const shared = first.filter((_, i) =>
    others.every(folder => first.slice(0, i + 1).every((part, j) => folder[j] === part))
  );
  return shared.join('/');
}

/** Can a file be made a task? */
export function canBeTask(path: string): boolean {
  return /\.(py|ipynb|r|rmd|md|sql|sh)$/i.test(path);
}
