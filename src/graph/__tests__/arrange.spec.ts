import { arrange, type IArrangement, type IWish } from '../arrange';
import { groups, MANY, proposed, type IGroupable } from '../groups';
import { closesCycle, kin, leads, type Links } from '../../related';

const ALL: IWish = { grouping: 'none', expanded: [], levels: 0, centre: [], only: null };

function task(name: string, folder = '', grid = ''): IGroupable {
  return { name, folder, grid };
}

function told({ items, edges }: IArrangement): string[] {
  const label = (i: number): string => items[i]?.label ?? '?';
  return edges.map(
    ({ from, to, indirect }) => `${label(from)} ${indirect ? '⇢' : '→'} ${label(to)}`
  );
}

//  load → clean → fit-a → report
//               ↘ fit-b ↗
const TASKS = [
  task('load', 'in'),
  task('clean', 'in'),
  task('fit-a', 'models', '5'),
  task('fit-b', 'models', '5'),
  task('report')
];
const LINKS: Links = [
  [0, 1],
  [1, 2],
  [1, 3],
  [2, 4],
  [3, 4]
];

describe('What is drawn', () => {
  it('is everything when nothing is asked', () => {
    const { items, hidden } = arrange(TASKS, LINKS, ALL);
    expect(items.map(({ label }) => label)).toEqual(['load', 'clean', 'fit-a', 'fit-b', 'report']);
    expect(hidden).toBe(0);
  });

  it.each([
    ['folder', ['in → models', 'models → report']],
    ['prefix', ['load → clean', 'clean → fit', 'fit → report']],
    ['grid', ['load → clean', 'clean → fit', 'fit → report']]
  ] as const)('is in groups by %s', (grouping, edges) => {
    expect(told(arrange(TASKS, LINKS, { ...ALL, grouping }))).toEqual(edges);
  });

  it('is in groups but for one that is expanded, which can be collapsed again', () => {
    const wish: IWish = { ...ALL, grouping: 'folder', expanded: ['folder:in', 'folder:gone'] };
    const made = arrange(TASKS, LINKS, wish);
    expect(told(made)).toEqual(['load → clean', 'clean → models', 'models → report']);
    expect(made.expanded).toEqual([{ id: 'folder:in', label: 'in' }]);
    expect(made.items[0]?.of).toBe('folder:in');
  });

  it('is what stands around the selection', () => {
    const wish: IWish = { ...ALL, centre: ['fit-a'], levels: 1 };
    const made = arrange(TASKS, LINKS, wish);
    expect(made.items.map(({ label }) => label)).toEqual(['clean', 'fit-a', 'report']);
    expect(made.hidden).toBe(2);
    // Nothing selected: nothing is left out.
    expect(arrange(TASKS, LINKS, { ...wish, centre: [] }).hidden).toBe(0);
  });

  it('is what was looked for, with the ways through what was not', () => {
    const wish: IWish = { ...ALL, only: i => i === 0 || i === 4 };
    expect(told(arrange(TASKS, LINKS, wish))).toEqual(['load ⇢ report']);
  });

  it('has every task in exactly one item, whatever is asked', () => {
    for (const grouping of ['none', 'folder', 'prefix', 'grid', 'auto'] as const) {
      for (const expanded of [[], ['folder:in'], ['prefix:fit']]) {
        const { items } = arrange(TASKS, LINKS, { ...ALL, grouping, expanded });
        const members = items.flatMap(item => item.members);
        expect(members.sort()).toEqual([0, 1, 2, 3, 4]);
        expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
      }
    }
  });
});

describe('Groups', () => {
  it('are called by what their tasks have in common', () => {
    expect(groups(TASKS, 'grid')).toEqual([{ id: 'grid:5', label: 'fit', members: [2, 3] }]);
    const grid = [task('α-1', '', 'g'), task('β-1', '', 'g')];
    expect(groups(grid, 'grid')[0]?.label).toBe('α-1');
  });

  it('are proposed for many tasks, as fine as can be seen at once', () => {
    expect(proposed(TASKS)).toBeNull();
    const many = Array.from({ length: 1000 }, (_, i) =>
      task(`t${String(i)}`, `f${String(i % 50)}`, `g${String(i % 300)}`)
    );
    expect(many.length).toBeGreaterThan(MANY);
    expect(proposed(many)).toBe('folder');
    // All of one name and folder: one node would show nothing.
    expect(proposed(many.map(({ name }) => task(name, 'tasks')))).toBeNull();
  });
});

describe('What hangs together', () => {
  it('is all that a task needs and all that needs it', () => {
    const of = kin(LINKS, [2]);
    expect([...of.up].sort()).toEqual([0, 1]);
    expect([...of.down]).toEqual([4]);
    expect(LINKS.filter(link => leads(link, new Set([2]), of))).toEqual([
      [0, 1],
      [1, 2],
      [2, 4]
    ]);
  });

  it('does not become a cycle unnoticed', () => {
    expect(closesCycle(LINKS, 4, 0)).toBe(true);
    expect(closesCycle(LINKS, 2, 2)).toBe(true);
    expect(closesCycle(LINKS, 0, 4)).toBe(false);
  });
});
