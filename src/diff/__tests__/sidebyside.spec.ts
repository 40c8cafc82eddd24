import { inOneColumn, sideBySide, tally, type Row } from '../sidebyside';

const CHANGED = `--- fit.py (last success)
+++ fit.py (now)
@@ -1,4 +1,5 @@
 import pandas
-alpha = 0.1
+import numpy
+alpha = 0.25
 fit(alpha)
 # end
@@ -20 +21 @@
--- a comment of SQL
+-- another comment of SQL`;

/** A row as a reader sees it: what is marked between brackets. */
function seen(row: Row): string {
  const text = (side: {
    text: string;
    number: number;
    marks: readonly { from: number; to: number }[];
  }): string =>
    `${String(side.number)} ${side.marks.reduceRight(
      (line, { from, to }) => `${line.slice(0, from)}[${line.slice(from, to)}]${line.slice(to)}`,
      side.text
    )}`;
  return row.kind === 'gap'
    ? `… ${String(row.before)} ${String(row.after)}`
    : `${'left' in row ? text(row.left) : ''} | ${'right' in row ? text(row.right) : ''}`;
}

describe('A unified diff side by side', () => {
  it('has lines beside each other that are alike, whatever was put between them', () => {
    expect(sideBySide(CHANGED).map(seen)).toEqual([
      '1 import pandas | 1 import pandas',
      ' | 2 import numpy',
      '2 alpha = 0.[1] | 3 alpha = 0.[25]',
      '3 fit(alpha) | 4 fit(alpha)',
      '4 # end | 5 # end',
      '… 20 21',
      '20 -- [a] comment of SQL | 21 -- [another] comment of SQL'
    ]);
  });

  it('marks each word that differs, and what is between two of them', () => {
    const text = '@@ -1 +1 @@\n-fit(x, 4)  # old\n+fit(x, 5)  # quite new';
    expect(sideBySide(text).map(seen)).toEqual([
      '1 fit(x, [4])  # [old] | 1 fit(x, [5])  # [quite new]'
    ]);
  });

  it('leaves lines alone that have nothing in common', () => {
    expect(sideBySide('@@ -1 +1 @@\n-x = load()\n+# nothing').map(seen)).toEqual([
      '1 x = load() | ',
      ' | 1 # nothing'
    ]);
  });

  it('begins where the text does when all of it is new', () => {
    expect(sideBySide('--- a\n+++ b\n@@ -0,0 +1,2 @@\n+one\n+two').map(seen)).toEqual([
      ' | 1 one',
      ' | 2 two'
    ]);
  });

  it('takes no notice of how a file ends', () => {
    const text = '@@ -1 +1 @@\n-a = 1\n\\ No newline at end of file\n+a = 2\n';
    expect(sideBySide(text).map(seen)).toEqual(['1 a = [1] | 1 a = [2]']);
  });

  it('is read in one column with the old before the new', () => {
    const lines = inOneColumn(sideBySide('@@ -1,2 +1,2 @@\n-a = 1\n-b = 1\n+a = 2\n+b = 2'));
    expect(
      lines.map(line => (line.kind === 'gap' ? '' : `${line.kind} ${line.side.text}`))
    ).toEqual(['removed a = 1', 'removed b = 1', 'added a = 2', 'added b = 2']);
  });

  it('counts what was removed and added', () => {
    expect(tally(sideBySide(CHANGED))).toEqual({ removed: 2, added: 3 });
  });

  it('is nothing for nothing', () => {
    expect(sideBySide('')).toEqual([]);
  });
});
