import { Widget } from '@lumino/widgets';

import { fakeSnapshot, fakeTask } from '../../testing/fakeclient';
import { appears, FakeLab } from '../../testing/fakelab';
import { PipelinePanel } from '../panel';
// The panel loads it when it is first seen: here ahead of the tests and of their time.
import '../view';

const ML = 'ml/pipeline.yaml';

let lab: FakeLab;
let panel: PipelinePanel;

beforeEach(() => {
  lab = new FakeLab();
  panel = new PipelinePanel(lab);
  Widget.attach(panel, document.body);
});

afterEach(() => {
  panel.dispose();
  lab.dispose();
});

/** The element of the panel, once it is drawn. */
function drawn<E extends Element = HTMLElement>(selector: string): Promise<E> {
  return appears(() => panel.node.querySelector<E>(selector));
}

describe('The panel', () => {
  it('lists the tasks of the pipeline with their state', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a'), fakeTask('b', { upstream: ['a'] })]));
    const row = await drawn('[role="row"][data-cauce-task="b"]');
    expect(row.textContent).toContain('never run');
  });
});
