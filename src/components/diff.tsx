/**
 * A unified diff, line by line.
 */
import * as React from 'react';

import { HUNK } from '../diff/sidebyside';

/** What each line is: how many there are of a hunk counts, for a line of the text may itself begin with '--'. */
export function kindsOf(lines: readonly string[]): readonly (string | undefined)[] {
  let [removed, added] = [0, 0];
  return lines.map(line => {
    if (removed <= 0 && added <= 0) {
      const hunk = HUNK.exec(line);
      [removed, added] = hunk === null ? [0, 0] : [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      return 'place';
    }
    switch (line[0]) {
      case '-':
        removed -= 1;
        return 'removed';
      case '+':
        added -= 1;
        return 'added';
      case '\\': // 'No newline at end of file'
        return undefined;
      default:
        removed -= 1;
        added -= 1;
        return undefined;
    }
  });
}

export function Diff(props: { readonly text: string }): React.JSX.Element {
  const lines = props.text.replace(/\n$/, '').split('\n');
  const kinds = kindsOf(lines);
  return (
    <pre className="jp-cauce-Terminal jp-cauce-Diff" tabIndex={0}>
      {lines.map((line, i) => (
        <span key={i} data-diff={kinds[i]}>
          {line === '' ? ' ' : line}
        </span>
      ))}
    </pre>
  );
}
