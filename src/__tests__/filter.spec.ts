import { folderOf, parseFilter, statesIn, withStates, type IFilterable } from '../filter';

function task(name: string, rest: Partial<IFilterable> = {}): IFilterable {
  return { name, state: 'fresh', folder: '', kind: 'script', ...rest };
}

const TASKS: readonly IFilterable[] = [
  task('load', { folder: 'tasks/in' }),
  task('fit-small', { state: 'failed', folder: 'tasks/models' }),
  task('fit-large', { state: 'stale', folder: 'tasks/models' }),
  task('Análisis final', { state: 'never', kind: 'sql', folder: 'sql' })
];

function found(text: string): string[] {
  return TASKS.filter(parseFilter(text).matches).map(({ name }) => name);
}

const ALL = TASKS.map(({ name }) => name);

describe('A filter', () => {
  it.each([
    ['', ALL],
    ['   ', ALL],
    ['fit', ['fit-small', 'fit-large']],
    ['FIT large', ['fit-large']],
    ['fit*', ['fit-small', 'fit-large']],
    ['*small', ['fit-small']],
    ['fit-*', ['fit-small', 'fit-large']],
    ['f*t', []],
    ['load,small', ['load', 'fit-small']],
    ['analisis', ['Análisis final']],
    ['"s f"', ['Análisis final']],
    ['name:"análisis final"', ['Análisis final']],
    ['-fit', ['load', 'Análisis final']],
    ['state:failed', ['fit-small']],
    ['state:failed,stale', ['fit-small', 'fit-large']],
    ['state:outdated -state:never', ['fit-small', 'fit-large']],
    ['folder:tasks', ['load', 'fit-small', 'fit-large']],
    ['folder:tasks/mod fit-s', ['fit-small']],
    ['folder:models/', ['fit-small', 'fit-large']],
    ['folder:odels', []],
    ['kind:sql', ['Análisis final']],
    ['[a-z]+', []]
  ])('%s finds %j', (text, names) => {
    expect(found(text)).toEqual(names);
  });

  it.each(['state:', 'folder:', '-state:', 'fi', '"', '-', 'a:b:c', 'state:f', 'x:', '*', ','])(
    'may be half typed: %s',
    text => {
      expect(() => found(text)).not.toThrow();
    }
  );

  it('asks for nothing as long as a term is not complete', () => {
    expect(parseFilter('state:').empty).toBe(true);
    expect(found('state: fit')).toEqual(['fit-small', 'fit-large']);
  });

  it('says which terms it does not know, and leaves them out', () => {
    const { unknown, empty } = parseFilter('owner:me state:happy -constructor:x');
    expect(unknown).toEqual(['owner:me', 'state:happy', '-constructor:x']);
    expect(empty).toBe(true);
  });

  it('is changed where it stands for buttons, and only there', () => {
    expect(withStates('fit "a b"', ['stale', 'failed'])).toBe('state:failed,stale fit "a b"');
    expect(withStates('state:failed fit -state:never', [])).toBe('fit -state:never');
    expect([...statesIn('fit state:stale,failed -state:never')]).toEqual(['stale', 'failed']);
    expect([...statesIn(withStates('x', ['never']))]).toEqual(['never']);
  });
});

describe('The folder of a task', () => {
  it.each([
    ['script', 'tasks/in/load.py', 'tasks/in'],
    ['script', 'load.py', ''],
    ['function', 'tasks.models.fit', 'tasks/models'],
    ['function', 'fit', '']
  ])('a %s of %s is in “%s”', (kind, source, folder) => {
    expect(folderOf({ kind, source })).toBe(folder);
  });
});
