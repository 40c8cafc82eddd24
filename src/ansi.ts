/**
 * Terminal colours to plain data: text in, runs of equally styled text out. Never HTML.
 */

/** The eight colours of a terminal, as names. */
export type AnsiColour =
  'black' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'white';

/** How text looks, until a sequence says otherwise. */
export interface IAnsiStyle {
  readonly colour: AnsiColour | null;
  readonly bold: boolean;
}

export interface IAnsiSpan extends IAnsiStyle {
  readonly text: string;
}

/** How text looks at first. */
export const PLAIN: IAnsiStyle = { colour: null, bold: false };

const COLOURS: readonly AnsiColour[] = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white'
];

// A control sequence (its parameters and final letter are caught), an operating system command
// with its end, or any other escape of two characters.
const ESCAPE =
  /\u001b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;

// What is left of control characters, but for tab and line end, shows as nothing.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * Split text that a terminal would colour. Sequences other than colours and bold are dropped.
 * `style` is how what stands before it has left things.
 */
export function parseAnsi(text: string, style: IAnsiStyle = PLAIN): IAnsiSpan[] {
  const spans: IAnsiSpan[] = [];
  let from = 0;
  const flush = (to: number): void => {
    const piece = text.slice(from, to).replace(CONTROL, '');
    const last = spans.at(-1);
    if (piece === '') {
      return;
    }
    if (last?.colour === style.colour && last.bold === style.bold) {
      spans[spans.length - 1] = { ...last, text: last.text + piece };
    } else {
      spans.push({ text: piece, ...style });
    }
  };
  for (const match of text.matchAll(ESCAPE)) {
    flush(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') {
      style = styled(style, match[1] ?? '');
    }
  }
  flush(text.length);
  return spans;
}

/** How what follows a text looks. */
export function styleAfter(text: string, style: IAnsiStyle = PLAIN): IAnsiStyle {
  if (!text.includes('\u001b')) {
    return style;
  }
  let after = style;
  for (const match of text.matchAll(ESCAPE)) {
    if (match[2] === 'm') {
      after = styled(after, match[1] ?? '');
    }
  }
  return after;
}

function styled(style: IAnsiStyle, parameters: string): IAnsiStyle {
  let { colour, bold } = style;
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) {
      colour = null;
      bold = false;
    } else if (code === 1) {
      bold = true;
    } else if (code === 22) {
      bold = false;
    } else if (code >= 30 && code <= 37) {
      colour = COLOURS[code - 30] ?? null;
    } else if (code >= 90 && code <= 97) {
      colour = COLOURS[code - 90] ?? null;
    } else if (code === 39) {
      colour = null;
    } else if (code === 38 || code === 48) {
      // Of the 256 colours the first sixteen have names; the rest, and backgrounds, are left out.
      const palette = codes[i + 1] === 5;
      if (palette && code === 38) {
        const index = codes[i + 2] ?? 0;
        colour = index < 16 ? (COLOURS[index % 8] ?? null) : null;
      }
      i += palette ? 2 : 4;
    }
  }
  return { colour, bold };
}
