import { nullTranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { Preview } from '../../contract';
import { fakePreview } from '../../testing/fakeclient';
import { appears } from '../../testing/fakelab';
import { PreviewBox } from '../preview';

const trans = nullTranslator.load('jupyterlab-cauce');

/** A product that holds this, once it is drawn. */
async function drawn(parts: Partial<Preview>, selector: string): Promise<HTMLElement> {
  const preview = fakePreview(parts);
  const shown = { state: 'shown', preview, error: null, outdated: false } as const;
  const widget = ReactWidget.create(
    <PreviewBox trans={trans} name="it" shown={shown} onAgain={() => undefined} />
  );
  Widget.attach(widget, document.body);
  await appears(() => widget.node.querySelector(selector));
  return widget.node;
}

afterEach(() => {
  document.body.replaceChildren();
});

const EVIL = '<img src=x onerror="alert(1)"><script>alert(1)</script>';

describe('A preview', () => {
  it('of a page stands in a sandbox without rights, and loads nothing', async () => {
    const node = await drawn({ kind: 'html', text: EVIL }, 'iframe');
    const frame = node.querySelector('iframe');
    expect(frame?.getAttribute('sandbox')).toBe('');
    expect(frame?.getAttribute('srcdoc')).toMatch(/^<meta http-equiv="Content-Security-Policy"/);
    expect(node.querySelector('script, img')).toBeNull();
  });

  it.each<[string, Partial<Preview>, string]>([
    ['a text', { kind: 'text', text: EVIL }, 'pre'],
    ['a folder', { kind: 'folder', text: EVIL }, 'pre'],
    ['JSON', { kind: 'json', text: JSON.stringify({ [EVIL]: EVIL }) }, '.jp-cauce-Json'],
    ['a table', { kind: 'table', columns: [{ name: EVIL, type: EVIL }], rows: [[EVIL]] }, 'td'],
    [
      'a notebook',
      { kind: 'notebook', pieces: [{ kind: 'text', text: EVIL, mediaType: '' }] },
      '[data-piece]'
    ],
    ['what cannot be shown', { kind: 'none', note: EVIL }, '.jp-cauce-Preview-note']
  ])('of %s is text', async (_, parts, selector) => {
    const node = await drawn(parts, selector);
    expect(node.textContent).toContain('alert(1)');
    expect(node.querySelector('script, img, iframe')).toBeNull();
  });

  it('of a table tells what is missing, and how much there is', async () => {
    const columns = [{ name: 'a', type: '' }];
    const node = await drawn({ kind: 'table', columns, rows: [[null]], total: 1200 }, 'td');
    expect(node.querySelector('td')?.textContent).toContain('missing');
    expect(node.textContent).toContain('1 of 1,200 rows');
  });
});
