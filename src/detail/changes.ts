/**
 * What of a task's parameters is other than at the last success. Pure.
 */

export interface IChange {
  readonly name: string;
  /** As Python literals; null where there was, or is, none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** The parameters that differ: those there are now in their order, then those that are gone. */
export function changesOf(
  before: Readonly<Record<string, string>> | null,
  after: Readonly<Record<string, string>>
): readonly IChange[] {
  if (before === null) {
    return [];
  }
  const names = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...names]
    .map(name => ({ name, before: before[name] ?? null, after: after[name] ?? null }))
    .filter(change => change.before !== change.after);
}

/** The same as a unified diff, a parameter a line. */
export function unifiedChanges(changes: readonly IChange[]): string {
  const one = (sign: string, name: string, value: string | null): readonly string[] =>
    value === null ? [] : [`${sign}${name} = ${value.replace(/\n/g, ' ')}`];
  const lines = changes.flatMap(({ name, before, after }) => [
    ...one('-', name, before),
    ...one('+', name, after)
  ]);
  const count = (sign: string): number => lines.filter(line => line.startsWith(sign)).length;
  const [removed, added] = [count('-'), count('+')];
  // Of a side without lines the line before it is named.
  const start = (lines: number): number => (lines === 0 ? 0 : 1);
  return lines.length === 0
    ? ''
    : [
        `@@ -${String(start(removed))},${String(removed)} +${String(start(added))},${String(added)} @@`,
        ...lines,
        ''
      ].join('\n');
}
