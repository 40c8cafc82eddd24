/**
 * Text as a terminal would show it. Always text, never HTML.
 */
import * as React from 'react';

import { parseAnsi } from '../ansi';

export const TerminalText = React.memo(function TerminalText(props: {
  readonly text: string;
}): React.JSX.Element {
  return (
    <>
      {parseAnsi(props.text).map((span, i) =>
        span.colour === null && !span.bold ? (
          <React.Fragment key={i}>{span.text}</React.Fragment>
        ) : (
          <span key={i} data-ansi={span.colour ?? undefined} data-bold={span.bold || undefined}>
            {span.text}
          </span>
        )
      )}
    </>
  );
});
