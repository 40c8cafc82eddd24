import { clip, shorten } from '../label';

/** Ten units a letter. */
const measure = (text: string): number => Array.from(text).length * 10;

describe('A name that does not fit', () => {
  it('is cut in its middle', () => {
    expect(shorten('gradient', 80, measure)).toBe('gradient');
    expect(shorten('random-forest-regressor', 100, measure)).toBe('random…sor');
    expect(measure(shorten('random-forest-regressor', 100, measure))).toBeLessThanOrEqual(100);
  });
});

describe('Words that do not fit', () => {
  it.each([
    ['code changed', 120, 'code changed'],
    ['code changed', 110, 'code chang…'],
    ['code changed', 60, 'code…'],
    ['code changed', 40, '']
  ])('%s in %d units are “%s”', (words, width, shown) => {
    expect(clip(words, width, measure)).toBe(shown);
  });
});
