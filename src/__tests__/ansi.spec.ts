import { parseAnsi } from '../ansi';

const ESC = '\u001b';

function text(input: string): string {
  return parseAnsi(input)
    .map(span => span.text)
    .join('');
}

describe('parseAnsi', () => {
  it('splits by colour and weight', () => {
    expect(parseAnsi(`a${ESC}[31mred${ESC}[1m bold${ESC}[0m plain`)).toEqual([
      { text: 'a', colour: null, bold: false },
      { text: 'red', colour: 'red', bold: false },
      { text: ' bold', colour: 'red', bold: true },
      { text: ' plain', colour: null, bold: false }
    ]);
  });

  it('reads bright, default and palette colours, and joins what looks the same', () => {
    expect(parseAnsi(`${ESC}[92mx${ESC}[38;5;2my${ESC}[39mz`)).toEqual([
      { text: 'xy', colour: 'green', bold: false },
      { text: 'z', colour: null, bold: false }
    ]);
  });

  it('does not read the parts of a 24-bit colour as colours of their own', () => {
    expect(parseAnsi(`${ESC}[38;2;31;32;33mx`)).toEqual([{ text: 'x', colour: null, bold: false }]);
    expect(parseAnsi(`${ESC}[48;5;31mx`)).toEqual([{ text: 'x', colour: null, bold: false }]);
  });

  it('drops every other sequence, whole or cut off', () => {
    expect(text(`a${ESC}[2K${ESC}[1Ab`)).toBe('ab');
    expect(text(`${ESC}]0;title\u0007a${ESC}]8;;http://x${ESC}\\b`)).toBe('ab');
    expect(text(`${ESC}[?25la\u0008\u0000b\r\n\tc`)).toBe('ab\n\tc');
    expect(text(`a${ESC}[3`)).not.toContain(ESC);
  });

  it('leaves markup as the text that it is', () => {
    const markup = '<img src=x onerror=alert(1)>';
    expect(parseAnsi(markup)).toEqual([{ text: markup, colour: null, bold: false }]);
  });
});
