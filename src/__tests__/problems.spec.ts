import type { Problem } from '../contract';
import {
  firstOf,
  flaws,
  groupProblems,
  merged,
  problemsIn,
  problemsOf,
  remedies
} from '../problems';
import { fakeSnapshot, fakeTask } from '../testing/fakeclient';

function problem(message: string, parts: Partial<Problem> = {}): Problem {
  return { code: 'x', message, severity: 'error', hint: '', where: null, task: null, ...parts };
}

const IN_FILE = { where: { path: 'pipeline.yaml', line: 3, column: 1 } };
const MANY = [
  problem('may be', { task: 'load', severity: 'warning' }),
  problem('odd', { ...IN_FILE, severity: 'warning' }),
  problem('of the project', { severity: 'warning' }),
  problem('is not', { task: 'load' }),
  problem('wrong', IN_FILE),
  problem('also odd', { task: 'clean', severity: 'warning' })
];

describe('Problems', () => {
  it('are grouped by task, else by file, with errors first', () => {
    const told = groupProblems(MANY).map(({ tasks, file, problems }) => [
      tasks[0] ?? file,
      ...problems.map(({ message }) => message)
    ]);
    expect(told).toEqual([
      ['load', 'is not', 'may be'],
      ['pipeline.yaml', 'wrong', 'odd'],
      ['', 'of the project'],
      ['clean', 'also odd']
    ]);
  });

  it('that are said of several tasks alike are told once', () => {
    const alike = ['fit-1', 'fit-2', 'fit-3'].flatMap(task => [
      problem('no such name', { ...IN_FILE, task }),
      problem('not used', { ...IN_FILE, severity: 'warning', task })
    ]);
    const own = problem('not used', { ...IN_FILE, severity: 'warning' });
    const elsewhere = problem('no such name', { task: 'fit-2' });
    const told = groupProblems([...alike, own, elsewhere]).map(({ tasks, file, problems }) => [
      [...tasks, file].join(' '),
      ...problems.map(({ message }) => message)
    ]);
    expect(told).toEqual([
      ['fit-1 fit-2 fit-3 ', 'no such name', 'not used'],
      ['fit-2 ', 'no such name'],
      ['pipeline.yaml', 'not used']
    ]);
  });

  it('are cut off after some, without an empty group', () => {
    const first = firstOf(groupProblems(MANY), 3);
    expect(first.map(({ problems }) => problems.length)).toEqual([2, 1]);
  });

  it('of a task that can be built are flaws; a broken task says it by its state', () => {
    const snapshot = fakeSnapshot(
      'pipeline.yaml',
      [fakeTask('load'), fakeTask('clean'), fakeTask('broken', { sound: false })],
      { problems: [...MANY, problem('no source', { task: 'broken' })] }
    );
    expect([...flaws(snapshot)]).toEqual([['load', 'is not']]);
  });

  it('can be mended from the panel, some of them', () => {
    const tasks = [fakeTask('load')];
    const of = (parts: object): ReturnType<typeof remedies> =>
      remedies(fakeSnapshot('pipeline.yaml', tasks, parts));
    expect(of({ problems: MANY })).toEqual({ scaffold: false, evaluate: false });
    expect(of({ problems: [problem('gone', { code: 'source_missing' })] }).scaffold).toBe(true);
    expect(of({ problems: [problem('how many', { code: 'grid_unevaluated' })] }).evaluate).toBe(
      true
    );
    expect(of({ unevaluated: true }).evaluate).toBe(true);
  });
});

//    before ──► a ──► b ──► after
//               ▲     │
//               └─────┘
describe('A cycle', () => {
  it('is a problem of each of its tasks, and of no other', () => {
    const tasks = [
      fakeTask('before'),
      fakeTask('a', { upstream: ['before', 'b'] }),
      fakeTask('b', { upstream: ['a'] }),
      fakeTask('after', { upstream: ['b'] })
    ];
    const cycle = problem('a → b → a', { code: 'cycle', task: 'a' });
    const snapshot = fakeSnapshot('pipeline.yaml', tasks, { problems: [cycle] });
    const having = tasks.filter(({ name }) => problemsOf(snapshot, name).length > 0);
    expect(having.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('What an editor shows of a file', () => {
  it('is what its text has wrong and what the whole pipeline tells of it, each once', () => {
    const missing = problem('a.py is missing', IN_FILE);
    const elsewhere = problem('undefined', { where: { path: 'a.py', line: 3, column: 1 } });
    const wrong = problem('wrong', IN_FILE);
    const snapshot = fakeSnapshot('ml/pipeline.yaml', [], {
      problems: [wrong, missing, elsewhere, problem('nowhere')]
    });
    expect(problemsIn(snapshot, 'pipeline.yaml')).toEqual([]);
    const known = problemsIn(snapshot, 'ml/pipeline.yaml');
    expect(merged([wrong], known)).toEqual([wrong, missing]);
  });
});
