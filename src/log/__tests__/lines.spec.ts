import { PLAIN } from '../../ansi';
import { breaks, LogLines, pieces, RowIndex } from '../lines';

function textOf(log: LogLines): string[] {
  return Array.from({ length: log.length }, (_, i) => log.text(i));
}

describe('Lines of a log', () => {
  it('are the same however the text is cut', () => {
    const text = 'one\n\n\u001b[31mtwo\nthree\u001b[0m\n  four\r\nfi';
    const whole = new LogLines();
    whole.append(text);
    for (let cut = 0; cut <= text.length; cut++) {
      const parts = new LogLines();
      parts.append(text.slice(0, cut));
      parts.append(text.slice(cut));
      const backwards = new LogLines();
      backwards.append(text.slice(cut));
      backwards.prepend(text.slice(0, cut));
      for (const log of [parts, backwards]) {
        expect(textOf(log)).toEqual(textOf(whole));
        expect(log.style(3)).toEqual(whole.style(3));
      }
    }
    expect(textOf(whole)).toEqual(['one', '', 'two', 'three', '  four', 'fi']);
  });

  it('keep their number when others come before them', () => {
    const log = new LogLines();
    log.append('c\nd\n');
    const d = log.first + 1;
    log.prepend('a\nb\n');
    expect(log.text(d - log.first)).toBe('d');
  });

  it('go on in the colour of the line before', () => {
    const log = new LogLines();
    log.append('\u001b[31mred\nstill\u001b[0m\nplain\n');
    expect(log.style(1).colour).toBe('red');
    expect(log.style(2)).toEqual(PLAIN);
  });

  it('show of what was written over itself the last', () => {
    const log = new LogLines();
    log.append('10%\r50%\r');
    log.append('100%\ndone\n');
    expect(textOf(log)).toEqual(['100%', 'done']);
  });

  it('that are too many are forgotten from the beginning, and that is told', () => {
    const log = new LogLines(1000);
    for (let i = 0; i < 1000; i++) {
      log.append(`line ${String(i)}\n`);
    }
    expect(log.dropped).toBe(true);
    expect(log.length).toBeLessThan(200);
    expect(log.text(log.length - 1)).toBe('line 999');
    expect(log.first).toBe(1000 - log.length);
  });

  it('are found in either case, unless capitals are asked for', () => {
    const log = new LogLines();
    log.append('an Error\nerror (1+1)\n');
    expect(log.find('error').map(match => match.line)).toEqual([0, 1]);
    expect(log.find('Error').map(match => match.line)).toEqual([0]);
    expect(log.find('(1+1)')).toEqual([{ line: 1, from: 6, to: 11 }]);
    expect(log.find('')).toEqual([]);
  });
});

describe('Rows', () => {
  it('are lines, or parts of lines where these are broken', () => {
    const log = new LogLines();
    log.append('abcdefgh\n\nij');
    const rows = new RowIndex(log, 3);
    rows.update();
    const shown = Array.from({ length: rows.length }, (_, i) => rows.at(i)).map(row =>
      log.text(row.line).slice(row.from, row.to)
    );
    expect(shown).toEqual(['abc', 'def', 'gh', '', 'ij']);
    log.append('kl\nm\n');
    rows.update();
    expect(rows.length).toBe(7);
    expect(rows.rowOf(2)).toBe(4);
    log.prepend('xyz!\n');
    rows.update();
    expect(rows.at(1)).toEqual({ line: 0, from: 3, to: Infinity, continued: true });
  });

  it('are broken by how wide characters are', () => {
    expect(breaks('漢字漢字', 4)).toEqual([0, 2]);
    expect(breaks('a\tb', 4)).toEqual([0, 2]);
    expect(breaks('e\u0301'.repeat(4), 4)).toEqual([0]);
    expect(breaks('漢', 1)).toEqual([0]);
  });
});

describe('The pieces of a row', () => {
  it('are what looks alike, with what was found marked', () => {
    const found = pieces('ab\u001b[31mcd\u001b[0mef', PLAIN, 1, 5, [
      { line: 0, from: 2, to: 5, current: true }
    ]);
    expect(found.map(({ text, colour, mark }) => [text, colour, mark])).toEqual([
      ['b', null, null],
      ['cd', 'red', 'current'],
      ['e', null, 'current']
    ]);
  });
});
