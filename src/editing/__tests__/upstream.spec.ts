import { keyAt, nameAt, nameProblems, nearest, upstreamNames } from '../upstream';

/** The code without the bar, and where the bar was. */
function cursor(code: string): [string, number] {
  return [code.replace('|', ''), code.indexOf('|')];
}

describe('The names that code lists as upstream', () => {
  it.each<[string, readonly string[] | null]>([
    ['upstream = ["a", "b"]', ['a', 'b']],
    ["upstream = ['a']  # and not 'b'", ['a']],
    ['upstream = None', []],
    ['upstream = {"a", "b"}', ['a', 'b']],
    ['upstream = ("a",)', ['a']],
    ['upstream = {"a": None, "b": "c"}', ['a', 'b']],
    ['upstream: list[str] = ["a"]', ['a']],
    ['# upstream = ["no"]\nupstream = [\n    "a",  # "no"\n    "b"\n]\nproduct = None', ['a', 'b']],
    ['upstream = ["a"]\nupstream = ["b"]', ['b']],
    ['text = """\nupstream = ["no"]\n"""', null],
    ['def f():\n    upstream = ["no"]', null],
    ['x = upstream["a"]', null],
    ['upstream["a"] = 1', null],
    ['upstream == ["a"]', null],
    ['upstream = ["a"] + more', null],
    ['upstream = [f"{a}"]', null],
    ['upstream = names', null],
    ['upstream <- list("a", "b")', ['a', 'b']],
    ['upstream = c("a")', ['a']],
    ['upstream = ["a", "', ['a', '']],
    ['', null]
  ])('%j', (code, names) => {
    expect(upstreamNames(code)?.map(({ name }) => name) ?? null).toEqual(names);
  });

  it('are where they stand', () => {
    const code = 'upstream = ["á", \'bc\']';
    for (const { from, to, name } of upstreamNames(code) ?? []) {
      expect(code.slice(from, to)).toBe(name);
    }
  });
});

describe('A name that is being written', () => {
  it.each<[string, string | null, readonly string[]]>([
    ['upstream = ["|"]', '', []],
    ['upstream = ["a", "cl|"]', 'cl', ['a']],
    ['upstream = ["a", "cl|ean", "b"]', 'clean', ['a', 'b']],
    ['upstream = ["a", "cl|', 'cl', ['a']],
    ['upstream = [\n  "cl|\n]', 'cl', []],
    ['upstream = ["a", |]', null, []],
    ['upstream = ["a"]\nx = "|"', null, []],
    ['x = ["|"]', null, []]
  ])('%j', (marked, word, others) => {
    const [code, offset] = cursor(marked);
    const place = nameAt(code, offset);
    expect(place === null ? null : code.slice(place.from, place.to)).toBe(word);
    expect(place?.others ?? []).toEqual(others);
  });
});

describe('A key that is being written', () => {
  it.each<[string, readonly string[] | null]>([
    ['pd.read_csv(upstream["|"])', []],
    ['pd.read_csv(upstream["|', []],
    ["x = upstream['clean']['|']", ['clean']],
    ['upstream[["clean"]][["|"]]', ['clean']],
    ['x = upstream["a"], y["|"]', null],
    ['x = {"upstream": "|"}', null],
    ['# upstream["|"]', null]
  ])('%j', (marked, keys) => {
    const [code, offset] = cursor(marked);
    expect(keyAt(code, offset)?.keys ?? null).toEqual(keys);
  });
});

describe('What is wrong with names', () => {
  const tasks = {
    names: ['load', 'clean', 'fit', 'plot', 'fit-1'],
    edges: [
      ['load', 'clean'],
      ['clean', 'fit'],
      ['fit', 'plot']
    ] as const
  };
  const found = (task: string, ...names: string[]): readonly string[] =>
    nameProblems(
      names.map(name => ({ name, from: 0, to: 0 })),
      task,
      tasks
    ).map(problem => {
      const more =
        problem.kind === 'unknown'
          ? ` (${problem.meant ?? ''})`
          : problem.kind === 'cycle'
            ? ` (${problem.way.join(' ')})`
            : '';
      return `${problem.name.name}: ${problem.kind}${more}`;
    });

  it('is told of each', () => {
    expect(found('fit', 'clean', 'load')).toEqual([]);
    expect(found('fit', 'claen')).toEqual(['claen: unknown (clean)']);
    expect(found('fit', 'something')).toEqual(['something: unknown ()']);
    expect(found('fit', 'fit')).toEqual(['fit: itself']);
    expect(found('fit', 'plot')).toEqual(['plot: cycle (fit plot)']);
    expect(found('load', 'fit')).toEqual(['fit: cycle (load clean fit)']);
    expect(found('fit', 'clean', 'clean')).toEqual(['clean: twice']);
    expect(found('plot', 'fit*', 'x-*')).toEqual(['x-*: no match']);
  });

  it('takes what is edited for what is, not what was saved', () => {
    // The task needed `clean` as it was saved; now it is `clean` that would need it.
    expect(nameProblems([], 'fit', tasks)).toEqual([]);
  });

  it('suggests what is near', () => {
    expect(nearest('lod', tasks.names)).toBe('load');
    expect(nearest('LOAD', tasks.names)).toBe('load');
    expect(nearest('x', tasks.names)).toBeNull();
  });
});
