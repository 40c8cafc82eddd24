import { readJson, type Json } from '../json';

/** The value as plain data, numbers as they are written. */
function plain(value: Json): unknown {
  switch (value.kind) {
    case 'array':
      return value.items.map(plain);
    case 'object':
      return Object.fromEntries(value.entries.map(([key, each]) => [key, plain(each)]));
    default:
      return value.text;
  }
}

describe('JSON', () => {
  it.each([
    [
      '{"a": [1, 2.50, {"b": null}], "c": "x\\n\\u00e9"}',
      [{ a: ['1', '2.50', { b: 'null' }], c: 'x\né' }]
    ],
    ['{"loss": NaN, "best": -Infinity}', [{ loss: 'NaN', best: '-Infinity' }]],
    ['12345678901234567890', ['12345678901234567890']],
    ['{"a": 1}\n{"a": 2}\n', [{ a: '1' }, { a: '2' }]],
    ['[]', [[]]]
  ])('is read with every digit: %s', (text, values) => {
    expect(readJson(text)?.map(plain)).toEqual(values);
  });

  it('that was cut off anywhere is read as far as it goes', () => {
    const text = '{"a": [1, {"b": "two"}], "c": {"d": true}}';
    for (let cut = 1; cut < text.length; cut++) {
      expect(readJson(text.slice(0, cut))).not.toBeNull();
    }
    expect(readJson(text.slice(0, 30))?.map(plain)).toEqual([{ a: ['1', { b: 'two' }] }]);
  });

  it.each(['', 'hello', '{a: 1}', '{"a" 1}', '[1 2]', '<html>', '['.repeat(100_000) + ']'])(
    'is not what is none: %.20s',
    text => {
      expect(readJson(text)).toBeNull();
    }
  );
});
