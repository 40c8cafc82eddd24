import { nullTranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { BuildPlan, PlannedTask } from '../../contract';
import { CauceError } from '../../errors';
import { fakePlan, fakeReason, fakeSnapshot, fakeTask } from '../../testing/fakeclient';
import { appears, FakeLab } from '../../testing/fakelab';
import { showPlan } from '../dialog';
import { Plan } from '../plan';
import { estimateWords, planSummary, whyWords } from '../planwords';

const trans = nullTranslator.load('jupyterlab-cauce');
const ML = 'ml/pipeline.yaml';

function planned(parts: Partial<PlannedTask>): PlannedTask {
  return {
    name: 'fit',
    verdict: 'run',
    forced: false,
    reasons: [],
    after: [],
    duration: null,
    ...parts
  };
}

it('sums up, leaving out what there is none of', () => {
  expect(planSummary(trans, fakePlan(ML))).toBe('Everything is up to date: nothing would run.');
  expect(planSummary(trans, fakePlan(ML, ['a']))).toBe('1 task would run');
  const tasks = [planned({}), planned({ verdict: 'maybe' }), planned({ verdict: 'maybe' })];
  expect(planSummary(trans, fakePlan(ML, [], { tasks, fresh: ['x'] }))).toBe(
    '1 task would run · 2 may run · 1 is up to date'
  );
});

it.each<[Partial<BuildPlan>, string]>([
  [{ estimate: { least: 12, most: 12, unknown: 0 }, jobs: 1 }, 'About 12 s, one task at a time.'],
  [
    { estimate: { least: 12, most: 200, unknown: 0 } },
    'About 12 s to 3 min 20 s, up to 2 tasks at a time.'
  ],
  [
    { estimate: { least: 1, most: 1, unknown: 2 } },
    'About 1 s, up to 2 tasks at a time; 2 tasks that never succeeded are counted with the usual time.'
  ],
  [{}, 'How long that takes shows once the tasks have run for the first time.']
])('estimates: %j', (parts, words) => {
  expect(estimateWords(trans, fakePlan(ML, ['a'], parts))).toBe(words);
});

it('gives the reason that is the task’s own, or what it depends on', () => {
  const changed = fakeReason('code_changed');
  const stale = fakeReason('upstream_stale', '', { subject: 'load' });
  expect(whyWords(trans, planned({ reasons: [changed, stale] }))).toBe('The code changed.');
  expect(whyWords(trans, planned({ reasons: [stale] }))).toBe(
    'load is stale: what it makes may change.'
  );
  expect(whyWords(trans, planned({ forced: true }))).toBe('You ask for it, up to date or not.');
  const maybe = planned({ verdict: 'maybe', reasons: [stale], after: ['load'] });
  expect(whyWords(trans, maybe)).toBe('If what load makes changes.');
  expect(whyWords(trans, { ...maybe, after: ['load', 'b', 'c'] })).toBe(
    'If what load or one of 2 others makes changes.'
  );
});

describe('The list', () => {
  it('shows the first of very many tasks, and the rest when asked', async () => {
    const names = [...Array(1000).keys()].map(number => `task-${String(number)}`);
    const plan = fakePlan(ML, names);
    const widget = ReactWidget.create(
      <Plan
        trans={trans}
        plan={plan}
        error=""
        unsaved={[]}
        building={false}
        onCopy={() => undefined}
      />
    );
    Widget.attach(widget, document.body);
    const rows = (): number => widget.node.querySelectorAll('li').length;
    await appears(() => (rows() === 200 ? true : null));
    const buttons = [...widget.node.querySelectorAll('button')];
    buttons.find(each => each.textContent === 'Show 800 more')?.click();
    await appears(() => (rows() === 1000 ? true : null));
    widget.dispose();
  });
});

describe('The dialog', () => {
  let lab: FakeLab;

  beforeEach(async () => {
    lab = new FakeLab();
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
  });

  afterEach(() => {
    lab.dispose();
  });

  function show(): Promise<boolean> {
    const { model } = lab;
    return showPlan({ model, trans, path: ML, request: { force: true }, ask: false, unsaved: [] });
  }

  function dialog(): Promise<HTMLElement> {
    return appears(() => document.querySelector<HTMLElement>('.jp-Dialog'));
  }

  it('asks again when the pipeline has changed, and says what the user wants', async () => {
    lab.client.onPlan = () => fakePlan(ML, ['a']);
    const wanted = show();
    const found = await dialog();
    await appears(() => found.querySelector('li'));
    expect(lab.client.calls).toContain(`plan ${ML} {"force":true}`);

    lab.client.onPlan = () => fakePlan(ML, ['a', 'b']);
    await lab.show(fakeSnapshot(ML, [fakeTask('a'), fakeTask('b')], { revision: 2 }));
    await appears(() => (found.querySelectorAll('li').length === 2 ? found : null));

    found.querySelector<HTMLElement>('.jp-mod-accept')?.click();
    expect(await wanted).toBe(true);
  });

  it('says why there is no plan, and what to do', async () => {
    lab.client.onPlan = () => {
      throw CauceError.fromReply(422, {
        code: 'pipeline_has_errors',
        message: 'The pipeline has errors.',
        hint: 'See the problems.'
      });
    };
    const wanted = show();
    const found = await dialog();
    const alert = await appears(() => found.querySelector('[role="alert"]'));
    expect(alert.textContent).toBe('The pipeline has errors. See the problems.');
    found.querySelector<HTMLElement>('.jp-mod-reject')?.click();
    expect(await wanted).toBe(false);
  });
});
