import { arrange } from '../arrange';
import { layout } from '../layout';
import { mermaidPicture, svgPicture, type IPicture } from '../picture';

const NAMES = ['load', 'fit <&> "x"', 'fit\u0000"]:::bad'] as const;

function picture(grouping: 'none' | 'prefix' = 'none'): IPicture {
  const tasks = NAMES.map((name, i) => ({
    name,
    folder: '',
    grid: '',
    state: i === 0 ? ('fresh' as const) : ('failed' as const),
    word: i === 0 ? 'up to date' : 'failed',
    title: name
  }));
  const links = [
    [0, 1],
    [0, 2]
  ] as const;
  const arrangement = arrange(tasks, links, {
    grouping,
    expanded: [],
    levels: 0,
    centre: [],
    only: null
  });
  const drawing = layout({
    count: arrangement.items.length,
    edges: arrangement.edges.map(({ from, to }) => [from, to] as const),
    nodeWidth: 120,
    nodeHeight: 38,
    gapX: 10,
    gapY: 30
  });
  return {
    tasks,
    arrangement,
    layout: drawing,
    direction: 'down',
    nodeWidth: 120,
    measure: words => words.length * 6,
    title: 'A <pipeline>'
  };
}

function parsed(svg: string): Document {
  // eslint-disable-next-line no-restricted-syntax -- it is looked at, and never shown
  return new DOMParser().parseFromString(svg, 'image/svg+xml');
}

describe('A picture of the graph', () => {
  it('is sound XML with everything in it, whatever tasks are called', () => {
    const made = parsed(svgPicture(picture()));
    expect(made.querySelector('parsererror')).toBeNull();
    const titles = [...made.querySelectorAll('title')].map(each => each.textContent);
    expect(titles).toEqual(['A <pipeline>', 'load', NAMES[1], 'fit\ufffd"]:::bad']);
    expect(made.querySelectorAll('g[fill="none"] > path')).toHaveLength(2);
    expect(svgPicture(picture())).not.toContain('var(');
  });

  it('shows groups with how many of their tasks are in which state', () => {
    const made = parsed(svgPicture(picture('prefix')));
    const words = [...made.querySelectorAll('text')].map(each => each.textContent);
    expect(words).toEqual(['load', 'up to date', 'fit', '2']);
  });

  it('is a flowchart in which names are only words', () => {
    const text = mermaidPicture(picture());
    expect(text.split('\n')).toEqual(
      expect.arrayContaining(['flowchart TD', '    t0 --> t1', '    t0 --> t2'])
    );
    expect(text).toContain('t1("<b>fit #60;#38;#62; #34;x#34;</b><br/>failed"):::failed');
    expect(text).not.toContain('"]:::bad');
  });
});
