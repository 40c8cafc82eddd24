import { nullTranslator } from '@jupyterlab/translation';

import { fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { taskNodes } from '../nodes';

const ML = 'ml/pipeline.yaml';

describe('The nodes of a snapshot', () => {
  it('are made once, and those that did not change live on in the next', () => {
    const nodesOf = taskNodes(nullTranslator.load('jupyterlab-cauce'));
    const first = fakeSnapshot(ML, [fakeTask('a'), fakeTask('b')]);
    const nodes = nodesOf(first, null);
    expect(nodesOf(first, null)).toBe(nodes);

    const activity = { state: 'running', run: 'r', started: 1, progress: null, retry: '' } as const;
    const [a, b] = nodesOf(fakeSnapshot(ML, [fakeTask('a', { activity }), fakeTask('b')]), null);
    expect(a?.state).toBe('running');
    expect(b).toBe(nodes[1]);
  });
});
