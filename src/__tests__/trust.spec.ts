import { isUserGesture } from '../trust';

/** An event as the browser makes it: `isTrusted` cannot be set on one of our own. */
function gesture(type: string, target: Element | null, isTrusted = true): Event {
  return { type, target, isTrusted } as unknown as Event;
}

function inPage(html: string): Element {
  document.body.innerHTML = html;
  const found = document.body.querySelector('[data-here]');
  if (found === null) {
    throw new Error('Mark the target of the event with data-here');
  }
  return found;
}

describe('isUserGesture', () => {
  it.each([
    ['a menu', '<div class="lm-Menu"><i data-here></i></div>'],
    ['the palette', '<div class="lm-CommandPalette"><i data-here></i></div>'],
    ['a toolbar', '<div class="jp-Toolbar"><i data-here></i></div>'],
    ['our panel', '<div class="jp-cauce-Panel"><i data-here></i></div>']
  ])('takes a click in %s for the user’s will', (_, html) => {
    expect(isUserGesture(gesture('click', inPage(html)))).toBe(true);
  });

  it.each([
    ['elsewhere on the page', '<div><i data-here></i></div>'],
    ['on a link to a command', '<a data-commandlinker-command="cauce:build"><i data-here></i></a>'],
    [
      'on a link dressed up as a toolbar',
      '<div class="jp-Toolbar"><a data-commandlinker-command="cauce:build" data-here></a></div>'
    ],
    [
      'in an output dressed up as a menu',
      '<div class="jp-OutputArea"><div class="lm-Menu"><i data-here></i></div></div>'
    ],
    [
      'in rendered text dressed up as our panel',
      '<div class="jp-RenderedHTMLCommon"><div class="jp-cauce-Panel"><i data-here></i></div></div>'
    ]
  ])('does not take a click %s for it', (_, html) => {
    expect(isUserGesture(gesture('click', inPage(html)))).toBe(false);
  });

  it('takes keys for it, but not in content, where a script may have put the focus', () => {
    expect(isUserGesture(gesture('keydown', inPage('<div><i data-here></i></div>')))).toBe(true);
    expect(
      isUserGesture(
        gesture('keydown', inPage('<div class="jp-OutputArea"><i data-here></i></div>'))
      )
    ).toBe(false);
  });

  it('does not take what a script made up, nor nothing at all', () => {
    const menu = inPage('<div class="lm-Menu"><i data-here></i></div>');
    expect(isUserGesture(gesture('click', menu, false))).toBe(false);
    expect(isUserGesture(new MouseEvent('click'))).toBe(false);
    expect(isUserGesture(null)).toBe(false);
  });
});
