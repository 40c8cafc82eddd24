import type { Attempt } from '../../contract';
import { sideBySide } from '../../diff/sidebyside';
import { tries } from '../attempts';
import { changesOf, unifiedChanges } from '../changes';

describe('Changes of parameters', () => {
  const changes = changesOf({ same: '1', n: '2', gone: '3' }, { same: '1', n: '20', fresh: "'x'" });

  it('are what differs, and what is new or gone', () => {
    expect(changes).toEqual([
      { name: 'n', before: '2', after: '20' },
      { name: 'fresh', before: null, after: "'x'" },
      { name: 'gone', before: '3', after: null }
    ]);
    expect(changesOf(null, { a: '1' })).toEqual([]);
  });

  it('stand side by side', () => {
    const rows = sideBySide(unifiedChanges(changes));
    expect(rows.map(row => row.kind)).toEqual(['changed', 'added', 'removed']);
    expect(sideBySide(unifiedChanges([{ name: 'a', before: null, after: '1' }]))).toHaveLength(1);
  });
});

describe('Tries', () => {
  it('are counted within their run', () => {
    const attempt = (run: string): Attempt => ({
      run,
      outcome: 'failed',
      started: 1,
      ended: 2,
      cause: '',
      error: null
    });
    const found = tries(['b', 'a', 'a', 'a'].map(attempt));
    expect(found.map(({ number, of }) => [number, of])).toEqual([
      [1, 1],
      [3, 3],
      [2, 3],
      [1, 3]
    ]);
  });
});
