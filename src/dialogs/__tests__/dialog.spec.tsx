/**
 * The dialog that asks for a change, as a user meets it.
 */
import { Dialog } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';

import type { Changed } from '../../contract';
import { CauceError } from '../../errors';
import { askForChange } from '../dialog';

const trans = nullTranslator.load('jupyterlab-cauce');

const CHANGED: Changed = {
  files: [{ path: 'pipeline.yaml', kind: 'edited', diff: '@@ -1 +1 @@\n-a\n+b' }],
  said: ['a is called b.'],
  problems: [],
  task: 'b',
  source: '',
  undo: ''
};

afterEach(() => {
  Dialog.flush();
});

async function found<E extends Element = HTMLElement>(selector: string): Promise<E> {
  for (;;) {
    const node = document.querySelector<E>(`.jp-cauce-ChangeDialog ${selector}`);
    if (node !== null) {
      return node;
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function enter(target: Element): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
}

/** Ask for a name; the server refuses one that is no word. What was made of it comes out. */
function ask(initial: string): { readonly done: Promise<string | null>; readonly asked: string[] } {
  const asked: string[] = [];
  const done = askForChange({
    trans,
    title: 'Rename',
    accept: 'Rename',
    initial,
    fields: ({ value, onChange }) => (
      <>
        <input
          type="text"
          data-cauce-first
          value={value}
          onChange={event => {
            onChange(event.target.value);
          }}
        />
        <input type="search" aria-label="Find" />
      </>
    ),
    ask: name => {
      asked.push(name);
      return name === ''
        ? null
        : /^\w+$/.test(name)
          ? Promise.resolve(CHANGED)
          : Promise.reject(CauceError.fromReply(400, { code: 'usage', message: 'No name.' }));
    }
  });
  return { done, asked };
}

async function type(text: string): Promise<HTMLInputElement> {
  const field = await found<HTMLInputElement>('input[type="text"]');
  field.focus();
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value') ?? {};
  set?.call(field, text);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  return field;
}

it('makes the change by Enter once it is known what that would be', async () => {
  const { done, asked } = ask('a');
  await found('.jp-cauce-Outlook-said');
  enter(await type('b'));
  expect(await done).toBe('b');
  expect(asked).toEqual(['a', 'b']);
});

it('stays open at Enter while nothing is filled in, or what is there is refused', async () => {
  const { done } = ask('');
  const field = await found<HTMLInputElement>('input[type="text"]');
  field.focus();
  enter(field);
  enter(await type('not a name'));
  await found('.jp-cauce-Outlook-refused');
  enter(field);
  const search = await found<HTMLInputElement>('input[type="search"]');
  await type('b');
  await found('.jp-cauce-Outlook-said');
  search.focus();
  enter(search);
  expect(document.querySelector('.jp-cauce-ChangeDialog')).not.toBeNull();
  (await found('.jp-mod-reject')).click();
  expect(await done).toBeNull();
});

it('says aloud what changes, and not each line of it', async () => {
  const { done } = ask('a');
  const aloud = await found('[aria-live]:not(:empty)');
  await found('.jp-cauce-Outlook-said');
  expect(aloud.textContent).toBe('a is called b.');
  expect((await found('.jp-cauce-Diff')).closest('[aria-live]')).toBeNull();
  (await found('.jp-mod-reject')).click();
  await done;
});
