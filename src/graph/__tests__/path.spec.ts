import { arrowHead, edgePath, flattened } from '../path';

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
    ).toBe('M50,40L50,60');
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
    ).toBe('M50,40C50,50 10,50 10,60L10,100C10,110 50,110 50,120');
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
    ).toBe('M50,100L50,40');
  });

  it('is empty for an edge that was left out', () => {
    expect(edgePath([], 20)).toBe('');
    expect(edgePath([[1, 2]], 20)).toBe('');
  });

  it('leaves and arrives sideways where edges run to the right', () => {
    const points = [
      [20, 50],
      [120, 90]
    ] as const;
    expect(edgePath(points, 20, 'right')).toBe('M40,50C70,50 70,90 100,90');
    expect(arrowHead(points, 20, 'right')).toBe('M94,86.8L100,90L94,93.2');
  });

  it('has its head where it arrives, also on the way up', () => {
    expect(
      arrowHead(
        [
          [50, 20],
          [50, 80]
        ],
        20
      )
    ).toBe('M46.8,54L50,60L53.2,54');
    expect(
      arrowHead(
        [
          [50, 80],
          [50, 20]
        ],
        20
      )
    ).toBe('M46.8,46L50,40L53.2,46');
    expect(arrowHead([], 20)).toBe('');
  });

  it('can be followed point by point', () => {
    const line = flattened(
      [
        [50, 20],
        [90, 120]
      ],
      20
    );
    expect(line[0]).toEqual([50, 40]);
    expect(line.at(-1)).toEqual([90, 100]);
    expect(line.length).toBeGreaterThan(4);
  });
});
