/**
 * A unified diff, line by line.
 */
import * as React from 'react';

function kind(line: string): string | undefined {
  if (line.startsWith('@@') || line.startsWith('---') || line.startsWith('+++')) {
    return 'place';
  }
  return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : undefined;
}

export function Diff(props: { readonly text: string }): React.JSX.Element {
  return (
    <pre className="jp-cauce-Terminal jp-cauce-Diff" tabIndex={0}>
      {props.text
        .replace(/\n$/, '')
        .split('\n')
        .map((line, i) => (
          <span key={i} data-diff={kind(line)}>
            {line === '' ? ' ' : line}
          </span>
        ))}
    </pre>
  );
}
