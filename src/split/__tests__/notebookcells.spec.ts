import { cellsOf } from '../notebookcells';

it('A notebook is read as its cells, whatever their sources are written as', () => {
  const cells = [
    { cell_type: 'markdown', source: '# Sales' },
    { cell_type: 'code', source: ['x = 1\n', 'y = 2'] },
    { cell_type: 'code', source: null }
  ];
  expect(cellsOf(JSON.stringify({ cells }))).toEqual([
    { kind: 'other', text: '# Sales' },
    { kind: 'code', text: 'x = 1\ny = 2' },
    { kind: 'code', text: '' }
  ]);
});

it('What is no notebook is told', () => {
  expect(['{', '[]', 'null', '{"cells": 1}'].map(cellsOf)).toEqual([null, null, null, null]);
});
