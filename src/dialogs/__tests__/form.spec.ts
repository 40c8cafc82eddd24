import { fakeTask } from '../../testing/fakeclient';
import {
  asksForClient,
  canBeTask,
  dependents,
  folderOfSources,
  newTask,
  productsOf,
  upstreamChange
} from '../form';

describe('productsOf', () => {
  it('reads a product from each line', () => {
    expect(productsOf('nb: out/a.ipynb\n  data :  out/a b.csv \n\n')).toEqual({
      nb: 'out/a.ipynb',
      data: 'out/a b.csv'
    });
    expect(productsOf('out/report.html')).toEqual({ '': 'out/report.html' });
    expect(productsOf('s3://bucket/x')).toEqual({ '': 's3://bucket/x' });
    expect(productsOf(' \n')).toEqual({});
  });
});

describe('newTask', () => {
  const form = { source: ' tasks/a.py ', name: ' a ', products: '', client: 'x', upstream: ['b'] };

  it('is what the form says, without the spaces around it', () => {
    expect(newTask(form, 'b', true)).toEqual({
      source: 'tasks/a.py',
      name: 'a',
      products: {},
      upstream: ['b'],
      after: 'b',
      client: '',
      dryRun: true
    });
    expect(newTask({ ...form, source: 'a.SQL' }, '', false)?.client).toBe('x');
  });

  it('is none without a source', () => {
    expect(newTask({ ...form, source: '  ' }, '', true)).toBeNull();
  });
});

describe('what tasks need', () => {
  const tasks = [
    fakeTask('a'),
    fakeTask('b', { upstream: ['a'] }),
    fakeTask('c', { upstream: ['b'] }),
    fakeTask('d')
  ];

  it('is sent as what differs', () => {
    expect(upstreamChange(['a', 'b'], ['b', 'c'], false)).toEqual({
      add: ['c'],
      remove: ['a'],
      dryRun: false
    });
    expect(upstreamChange(['a'], ['a'], true)).toBeNull();
  });

  it('cannot be the task itself, nor what depends on it', () => {
    expect([...dependents(tasks, 'b')]).toEqual(['b', 'c']);
    expect([...dependents(tasks, 'd')]).toEqual(['d']);
  });
});

describe('sources', () => {
  it('belong where most are', () => {
    expect(folderOfSources([])).toBe('');
    expect(folderOfSources([fakeTask('a'), fakeTask('b'), fakeTask('c', { source: 'c.py' })])).toBe(
      'tasks/'
    );
  });

  it('are told by their endings', () => {
    expect(['a.py', 'b.IPYNB', 'c.sql', 'd.csv', 'py'].map(canBeTask)).toEqual([
      true,
      true,
      true,
      false,
      false
    ]);
    expect(asksForClient('x.sql ')).toBe(true);
  });
});
