import { fitting, labelAt, labelEnds } from '../../graph/labelled';
import { fakeSplit } from '../../testing/fakeclient';
import { newRequest } from '../edits';
import { edgeBetween, edgeNames, isBefore, offered, passingOf } from '../passing';
import { signOf } from '../signs';

const plan = fakeSplit(newRequest('sales.ipynb'));

it('tells each variable once, with all that use it', () => {
  const [load] = plan.edges;
  const twice = load === undefined ? [] : [...plan.edges, { ...load, target: 'plot' }];
  const rows = passingOf({ ...plan, edges: twice });
  expect(rows.map(row => [row.variable.name, row.source, row.targets])).toEqual([
    ['df', 'load', ['clean', 'plot']],
    ['df', 'clean', ['plot']]
  ]);
  expect(rows[0]?.product?.path).toBe('output/load-df.parquet');
});

it('offers what a task stores and another does not take', () => {
  expect(offered(plan, 'load', 'clean')).toEqual([]);
  expect(offered(plan, 'load', 'plot')).toEqual(['df']);
  expect([isBefore(plan, 'load', 'plot'), isBefore(plan, 'plot', 'load')]).toEqual([true, false]);
});

it('writes on a line as many names as there is room for', () => {
  const names = (...all: string[]) =>
    edgeNames({
      source: 'a',
      target: 'b',
      variables: all.map(name => ({ id: '', name, evidence: 'static' }))
    }).map(({ names: some, more }) => (more === 0 ? some : `${some} +${String(more)}`));
  expect(names('X', 'y', 'z')).toEqual(['X, y, z', 'X, y +1', 'X +2']);
  expect(fitting(names('train_set', 'test_set'), 100)).toBe('train_set +1');
  expect(names('data/a_file_with_a_long_name.csv')).toHaveLength(2);
  expect(edgeNames(edgeBetween(plan, 'load', 'plot'))).toEqual([]);
});

it('puts labels where lines are apart', () => {
  const link = (from: number, to: number) => ({ from, to, indirect: false });
  expect(labelEnds([link(0, 1), link(0, 2), link(1, 3), link(2, 3), link(3, 4)])).toEqual([
    'target',
    'target',
    'source',
    'source',
    'middle'
  ]);
  const line = [
    [0, 0],
    [50, 40]
  ] as const;
  expect(labelAt(line, 'target', 'down')).toEqual([50, 24]);
  expect(labelAt(line, 'middle', 'down')).toEqual([25, 20]);
  expect(labelAt([], 'source', 'down')).toBeNull();
});

it('gives twenty sections signs that differ', () => {
  const signs = Array.from({ length: 20 }, (_, i) => JSON.stringify(signOf(i)));
  expect(new Set(signs).size).toBe(20);
});
