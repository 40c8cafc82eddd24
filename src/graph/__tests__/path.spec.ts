import { edgePath } from '../path';

describe('edgePath', () => {
  it('runs straight down between nodes that stand below each other', () => {
    expect(
      edgePath(
        [
          [50, 20],
          [50, 80]
        ],
        20
      )
    ).toBe('M50,40V60');
  });

  it('leaves and arrives at the borders', () => {
    expect(
      edgePath(
        [
          [50, 20],
          [90, 120]
        ],
        20
      )
    ).toBe('M50,40C50,70 90,70 90,100');
  });

  it('runs beside the nodes of a layer that it passes', () => {
    expect(
      edgePath(
        [
          [50, 20],
          [10, 80],
          [50, 140]
        ],
        20
      )
    ).toBe('M50,40C50,50 10,50 10,60V100C10,110 50,110 50,120');
  });

  it('runs upwards for an edge that closes a cycle', () => {
    expect(
      edgePath(
        [
          [50, 120],
          [50, 20]
        ],
        20
      )
    ).toBe('M50,100V40');
  });

  it('is empty for an edge that was left out', () => {
    expect(edgePath([], 20)).toBe('');
    expect(edgePath([[1, 2]], 20)).toBe('');
  });
});
