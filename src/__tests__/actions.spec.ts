import { fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { FakeLab } from '../testing/fakelab';

const ML = 'ml/pipeline.yaml';

let lab: FakeLab;

beforeEach(() => {
  lab = new FakeLab();
});

afterEach(() => {
  lab.dispose();
});

describe('A build', () => {
  it('begins with saving whatever the pipeline is made of, and nothing else', async () => {
    const files = ['pipeline.yaml', 'env.yaml', 'lib/columns.py'];
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { files }));
    const [ours, theirs] = [
      ['ml/pipeline.yaml', 'ml/env.yaml', 'ml/lib/columns.py', 'ml/tasks/a.py'],
      ['ml/notes.md', 'pipeline.yaml']
    ].map(paths => paths.map(path => lab.open(path)));
    for (const { context } of lab.documents.values()) {
      context.model.dirty = true;
    }
    await lab.actions.build();
    expect(ours?.map(({ context }) => context.model.dirty)).toEqual([false, false, false, false]);
    expect(theirs?.map(({ context }) => context.model.dirty)).toEqual([true, true]);
    expect(lab.client.calls).toContain(`start ${ML} {}`);
  });
});
