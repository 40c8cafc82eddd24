import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type IRoot } from 'react-dom/client';

import { parseFilter } from '../../filter';
import type { IArrangement, IListed } from '../arrange';
import { columnsFor } from '../columns';
import type { Links } from '../../related';
import { TaskList } from '../list';
import type { ITaskRow } from '../row';

type ListTask = ITaskRow & IListed;

function task(name: string, parts: Partial<ListTask> = {}): ListTask {
  return {
    name,
    state: 'stale',
    word: 'code changed',
    title: `${name}: code changed`,
    runnable: true,
    flawed: false,
    kind: 'script',
    folder: '',
    source: `${name}.py`,
    products: `${name}.parquet`,
    duration: null,
    ended: null,
    started: null,
    progress: null,
    ...parts
  };
}

/** What somebody has done with the list, and what came of it. */
class Bench {
  constructor(
    public tasks: readonly ListTask[],
    public edges: Links<string> = [],
    public arrangement: Partial<IArrangement> = {}
  ) {
    document.body.append(this.node);
    this._root = createRoot(this.node);
    this.draw();
  }

  readonly done: string[] = [];
  selection: readonly string[] = [];

  draw(): void {
    flushSync(() => {
      this._root.render(
        <TaskList
          trans={nullTranslator.load('')}
          tasks={this.tasks}
          edges={this.edges}
          arrangement={{
            order: 'build',
            grouped: false,
            collapsed: new Set(),
            filter: parseFilter(''),
            ...this.arrangement
          }}
          columns={columnsFor(500)}
          selection={this.selection}
          now={0}
          onSelect={names => {
            this.selection = names;
            this.draw();
          }}
          onOpen={name => this.done.push(`open ${name}`)}
          onRun={name => this.done.push(`run ${name}`)}
          onFold={folder => {
            const collapsed = new Set(this.arrangement.collapsed);
            if (!collapsed.delete(folder)) {
              collapsed.add(folder);
            }
            this.arrangement = { ...this.arrangement, collapsed };
            this.draw();
          }}
          onFind={() => this.done.push('find')}
          onClearFilter={() => undefined}
        />
      );
    });
    // Effects, too.
    flushSync(() => undefined);
  }

  /** Press keys, as `Shift+ArrowDown`, on what has the focus. */
  press(...keys: readonly string[]): void {
    for (const chord of keys) {
      const parts = chord.split('+');
      document.activeElement?.dispatchEvent(
        new KeyboardEvent('keydown', {
          key: parts[parts.length - 1] ?? '',
          shiftKey: parts.includes('Shift'),
          ctrlKey: parts.includes('Ctrl'),
          bubbles: true
        })
      );
      this.draw();
    }
  }

  /** Go to the list as Tab does. */
  enter(): void {
    this.node.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    this.draw();
  }

  get focused(): string | undefined {
    const row = document.activeElement as HTMLElement | null;
    return row?.dataset.cauceTask ?? row?.dataset.cauceGroup;
  }

  get names(): (string | undefined)[] {
    return this.items.map(item => item.dataset.cauceTask ?? `${item.dataset.cauceGroup ?? ''}/`);
  }

  get items(): HTMLElement[] {
    return [...this.node.querySelectorAll<HTMLElement>('[role="treeitem"]')];
  }

  dispose(): void {
    flushSync(() => {
      this._root.unmount();
    });
    this.node.remove();
  }

  readonly node = document.createElement('div');
  private readonly _root: IRoot;
}

let bench: Bench;

afterEach(() => {
  bench.dispose();
});

/** load → clean → fit-10, fit-2 → report */
const TASKS = [
  task('load', { folder: 'in' }),
  task('clean', { folder: 'in', duration: 3 }),
  task('fit-10', { folder: 'models', duration: 30, state: 'failed' }),
  task('fit-2', { folder: 'models' }),
  task('report')
];
const EDGES: Links<string> = [
  ['load', 'clean'],
  ['clean', 'fit-10'],
  ['clean', 'fit-2'],
  ['fit-10', 'report'],
  ['fit-2', 'report']
];

describe('Keys', () => {
  beforeEach(() => {
    bench = new Bench(TASKS, EDGES);
    bench.enter();
  });

  it.each([
    [['ArrowDown', 'ArrowDown'], 'fit-10'],
    [['ArrowDown', 'ArrowUp', 'ArrowUp'], 'load'],
    [['End'], 'report'],
    [['End', 'Home'], 'load'],
    [['PageDown'], 'clean'],
    [['ArrowRight', 'ArrowRight'], 'fit-10'],
    [['End', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft'], 'load'],
    [['f'], 'fit-10'],
    [['f', 'f'], 'fit-2'],
    [['f', 'i', 't', '-', '2'], 'fit-2'],
    [['l', 'o'], 'load'],
    [['x'], 'load'],
    [['r'], 'load'],
    [['c', 'r'], 'clean']
  ])('%j lead to %s', (keys, name) => {
    bench.press(...keys);
    expect(bench.focused).toBe(name);
    expect(bench.selection).toEqual([name]);
  });

  it('Shift extends the selection from where it began, and takes it back', () => {
    bench.press('ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown');
    expect(bench.selection).toEqual(['clean', 'fit-10', 'fit-2']);
    bench.press('Shift+ArrowUp', 'Shift+ArrowUp', 'Shift+ArrowUp');
    expect(bench.selection).toEqual(['clean', 'load']);
    bench.press('Shift+End');
    expect(bench.selection).toEqual(['clean', 'fit-10', 'fit-2', 'report']);
  });

  it('Ctrl moves alone, and Space adds and takes out', () => {
    bench.press('Ctrl+ArrowDown', 'Ctrl+ArrowDown');
    expect([bench.focused, bench.selection]).toEqual(['fit-10', ['load']]);
    bench.press(' ');
    expect(bench.selection).toEqual(['load', 'fit-10']);
    bench.press(' ');
    expect([bench.focused, bench.selection]).toEqual(['fit-10', ['load']]);
  });

  it('Ctrl+A selects all and keeps what details are told of; Escape lets all go', () => {
    bench.press('ArrowDown', 'Ctrl+a');
    expect(bench.selection).toEqual(['load', 'fit-10', 'fit-2', 'report', 'clean']);
    bench.press('Escape');
    expect([bench.focused, bench.selection]).toEqual(['clean', []]);
  });

  it('a letter that is a shortcut is none while a name is typed', () => {
    expect(bench.node.querySelector('[data-cauce-typing="true"]')).toBeNull();
    bench.press('f');
    expect((document.activeElement as HTMLElement).dataset.cauceTyping).toBe('true');
  });

  it('/ asks for the filter, and what is not ours is left alone', () => {
    bench.press('/');
    expect(bench.done).toEqual(['find']);
    const event = new KeyboardEvent('keydown', { key: 'F5', bubbles: true, cancelable: true });
    document.activeElement?.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
  });
});

describe('Groups', () => {
  beforeEach(() => {
    bench = new Bench(TASKS, EDGES, { grouped: true });
    bench.enter();
  });

  it('are a tree of two levels', () => {
    expect(bench.names).toEqual([
      'in/',
      'load',
      'clean',
      'models/',
      'fit-10',
      'fit-2',
      '/',
      'report'
    ]);
    const place = (item: HTMLElement | undefined): (string | null | undefined)[] =>
      ['level', 'posinset', 'setsize', 'expanded'].map(each => item?.getAttribute(`aria-${each}`));
    expect(place(bench.items[3])).toEqual(['1', '2', '3', 'true']);
    expect(place(bench.items[5])).toEqual(['2', '2', '2', null]);
    expect(bench.items[3]?.getAttribute('aria-label')).toBe(
      'models: 2 tasks\n1 failed or broken\n1 out of date'
    );
  });

  it('fold and unfold by keys, and the focus stays', () => {
    bench.press('ArrowLeft');
    expect(bench.names.slice(0, 2)).toEqual(['in/', 'models/']);
    expect(bench.focused).toBe('in');
    bench.press('ArrowRight', 'ArrowRight');
    expect(bench.focused).toBe('load');
    // load uses nothing: left is its group, as in any tree.
    bench.press('ArrowLeft');
    expect(bench.focused).toBe('in');
    bench.press('Enter');
    expect(bench.names.slice(0, 2)).toEqual(['in/', 'models/']);
  });

  it('that are folded are what arcs and keys lead to', () => {
    bench.press('ArrowLeft', 'End', 'ArrowLeft', 'ArrowLeft');
    expect(bench.focused).toBe('in');
  });

  it('are unfolded while something is looked for', () => {
    bench.arrangement = { grouped: true, collapsed: new Set(['models']), filter: parseFilter('2') };
    bench.draw();
    expect(bench.names).toEqual(['models/', 'fit-2']);
  });
});

describe('The order', () => {
  it.each([
    ['name', ['clean', 'fit-2', 'fit-10', 'load', 'report']],
    ['duration', ['fit-10', 'clean', 'load', 'fit-2', 'report']],
    ['state', ['fit-10', 'load', 'clean', 'fit-2', 'report']]
  ] as const)('may be that of %s', (order, names) => {
    bench = new Bench(TASKS, EDGES, { order });
    expect(bench.names).toEqual(names);
  });
});

describe('The focus', () => {
  const many = Array.from({ length: 1000 }, (_, i) => task(`task-${String(i)}`));

  it('stays where it is when it is scrolled out of view, with few rows drawn', () => {
    bench = new Bench(many);
    bench.enter();
    bench.press('End');
    expect(bench.focused).toBe('task-999');
    expect(bench.items.length).toBeLessThan(100);
  });

  it('goes to a neighbour when its task is gone, and on with it when it is elsewhere', () => {
    bench = new Bench(many.slice(0, 5));
    bench.enter();
    bench.press('ArrowDown', 'ArrowDown');
    bench.tasks = many.slice(0, 5).reverse();
    bench.draw();
    expect(bench.focused).toBe('task-2');
    bench.tasks = bench.tasks.filter(({ name }) => name !== 'task-2');
    bench.selection = [];
    bench.draw();
    expect(bench.focused).toBe('task-1');
    bench.tasks = bench.tasks.slice(0, 1);
    bench.draw();
    expect(bench.focused).toBe('task-4');
  });

  it('is not taken from what is elsewhere', () => {
    bench = new Bench(many.slice(0, 5));
    const other = document.body.appendChild(document.createElement('input'));
    other.focus();
    bench.tasks = many.slice(3, 5);
    bench.selection = ['task-4'];
    bench.draw();
    expect(document.activeElement).toBe(other);
    expect(bench.node.querySelector('[tabindex="0"]')?.textContent).toContain('task-4');
    other.remove();
  });
});

describe('A long list', () => {
  const heights = Object.getOwnPropertyDescriptor(Element.prototype, 'clientHeight');

  beforeEach(() => {
    Object.defineProperty(Element.prototype, 'clientHeight', {
      configurable: true,
      get: () => 260
    });
  });

  afterEach(() => {
    Object.defineProperty(Element.prototype, 'clientHeight', heights ?? {});
  });

  it('shows its beginning again after nothing matched, however far it was scrolled', async () => {
    bench = new Bench(Array.from({ length: 400 }, (_, i) => task(`t${String(i)}`)));
    const box = bench.node.querySelector('[role="tree"]');
    if (box !== null) {
      box.scrollTop = 300 * 26;
      box.dispatchEvent(new Event('scroll'));
    }
    while (!bench.names.includes('t300')) {
      await new Promise(resolve => setTimeout(resolve, 5)); // React takes its time for what is scrolled
    }
    bench.arrangement = { filter: parseFilter('none') };
    bench.draw();
    expect(bench.names).toEqual([]);
    bench.arrangement = {};
    bench.draw();
    expect(bench.names).toContain('t5');
  });
});
