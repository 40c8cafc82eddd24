import { Notification } from '@jupyterlab/apputils';

import { fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { appears, FakeLab } from '../testing/fakelab';

const ML = 'ml/pipeline.yaml';

let lab: FakeLab;

beforeEach(() => {
  lab = new FakeLab();
});

afterEach(() => {
  Notification.dismiss();
  lab.dispose();
});

function told(): readonly string[] {
  return Notification.manager.notifications.map(({ message }) => message);
}

describe('A source that several tasks share', () => {
  it('says when it is shown with the values of another than was opened', async () => {
    const tasks = ['es', 'fr', 'de'].map(name => fakeTask(name, { source: 'report.py' }));
    await lab.show(fakeSnapshot(ML, tasks));
    const { context } = lab.open('ml/report.py', { pipeline: ML, task: 'es' });
    for (const task of tasks.slice(0, 2)) {
      lab.actions.opening.openTask(task);
      await context.ready;
    }
    expect(await appears(() => told()[0])).toBe(
      'report.py is shared by 3 tasks: it is shown with the values of es.'
    );
    expect(told()).toHaveLength(1);
  });
});

describe('A build', () => {
  it('begins with saving whatever the pipeline is made of, and nothing else', async () => {
    const files = ['pipeline.yaml', 'env.yaml', 'lib/columns.py'];
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { files }));
    const [ours, theirs] = [
      ['ml/pipeline.yaml', 'ml/env.yaml', 'ml/lib/columns.py', 'ml/tasks/a.py'],
      ['ml/notes.md', 'pipeline.yaml']
    ].map(paths => paths.map(path => lab.open(path)));
    const elsewhere = lab.open('ml/pipeline.yaml', null, 'Cloud');
    for (const { context } of lab.documents.values()) {
      context.model.dirty = true;
    }
    await lab.actions.running.build();
    expect(ours?.map(({ context }) => context.model.dirty)).toEqual([false, false, false, false]);
    expect(theirs?.map(({ context }) => context.model.dirty)).toEqual([true, true]);
    expect(elsewhere.context.model.dirty).toBe(true);
    expect(lab.client.calls).toContain(`start ${ML} {}`);
  });
});
