import { kindsOf } from '../diff';

it('tells removed comments of SQL, and added ones of C, from the head of a file', () => {
  const lines = [
    '--- a/tasks/get.sql',
    '+++ b/tasks/get.sql',
    '@@ -1,3 +1,2 @@',
    ' select 1',
    '--- all of them',
    '--- really',
    '+++i;',
    '@@ -9 +8 @@',
    '-old',
    '+new',
    '\\ No newline at end of file'
  ];
  expect(kindsOf(lines)).toEqual([
    'place',
    'place',
    'place',
    undefined,
    'removed',
    'removed',
    'added',
    'place',
    'removed',
    'added',
    'place'
  ]);
});
