import { focusSoon } from '../placing';

const FRAME_MS = 16;

/** A graph with these items drawn. */
function graph(...keys: readonly string[]): HTMLElement {
  const frame = document.createElement('div');
  frame.tabIndex = -1;
  document.body.replaceChildren(frame);
  keys.forEach(key => {
    draw(frame, key);
  });
  frame.focus();
  return frame;
}

function draw(frame: HTMLElement, key: string): void {
  const item = document.createElement('div');
  item.tabIndex = 0;
  item.dataset.cauceItem = key;
  frame.append(item);
}

function frames(count: number): void {
  jest.advanceTimersByTime(count * FRAME_MS);
}

function focused(): string | undefined {
  const { activeElement } = document;
  return activeElement instanceof HTMLElement ? activeElement.dataset.cauceItem : undefined;
}

describe('The focus that is wanted soon', () => {
  beforeAll(() => {
    // jsdom has none.
    Object.assign(globalThis, { CSS: { escape: (text: string) => text } });
  });

  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('goes to what was wanted last, though the one before be drawn later', () => {
    const frame = graph('b');
    focusSoon(frame, 'a');
    focusSoon(frame, 'b');
    frames(2);
    draw(frame, 'a');
    frames(5);
    expect(focused()).toBe('b');
  });

  it('waits for a layout, however long it takes', () => {
    const frame = graph();
    frame.dataset.busy = 'true';
    focusSoon(frame, 'a');
    frames(500);
    frame.dataset.busy = 'false';
    frames(2);
    draw(frame, 'a');
    frames(2);
    expect(focused()).toBe('a');
  });

  it('is not taken from who went elsewhere meanwhile', () => {
    const frame = graph();
    const field = document.createElement('input');
    document.body.append(field);
    frame.dataset.busy = 'true';
    focusSoon(frame, 'a');
    frames(2);
    field.focus();
    frames(2);
    draw(frame, 'a');
    frames(5);
    expect(document.activeElement).toBe(field);
  });
});
