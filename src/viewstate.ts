/**
 * How somebody looks at a pipeline: which view, what is filtered out, what is folded up.
 *
 * Each panel has its own. It is remembered per pipeline from one visit to the next, and is no
 * setting: nobody edits it by hand, so what cannot be read is forgotten.
 */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import { GRAPH_VIEW, parseGraphView, type IGraphView } from './graph/look';
import type { PipelineModel } from './model';
import type { IMemory } from './memory';

/** The ways to show the tasks. */
export const VIEWS = ['list', 'graph', 'runs'] as const;

export type View = (typeof VIEWS)[number];

export const ORDERS = ['build', 'name', 'duration', 'state'] as const;

/** What the list is sorted by. Where it does not tell two tasks apart, build order does. */
export type Order = (typeof ORDERS)[number];

/** What is remembered. Every field is plain JSON. */
export interface IView {
  /** '' as long as nobody has chosen: then the panel's width decides. */
  readonly view: View | '';
  /** The text of the filter. */
  readonly filter: string;
  readonly order: Order;
  /** Does the list have the tasks of a folder together? */
  readonly grouped: boolean;
  /** The folders whose tasks are folded away. */
  readonly collapsed: readonly string[];
  readonly graph: IGraphView;
  /** Parts of the task's detail that are folded up. */
  readonly folded: readonly string[];
  /** How much of the panel the tasks take and how much the detail. */
  readonly sizes: readonly number[];
}

export const DEFAULT_VIEW: IView = {
  view: '',
  filter: '',
  order: 'build',
  grouped: false,
  collapsed: [],
  graph: GRAPH_VIEW,
  folded: ['attempts', 'log'],
  sizes: [55, 45]
};

const SAVE_AFTER_MS = 500;

export class ViewState implements IDisposable {
  /** `owner` is the id of the panel. */
  constructor(model: PipelineModel, owner: string, memory: IMemory | null) {
    this._model = model;
    this._owner = owner;
    this._memory = memory;
    this._save = new Debouncer(() => this._remember(), SAVE_AFTER_MS);
    model.changed.connect(this._onModel, this);
    this._onModel();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How the current pipeline is looked at. */
  get current(): IView {
    return this._current;
  }

  /** Look at it in another way. */
  set(parts: Partial<IView>): void {
    const next = { ...this._current, ...parts };
    if (JSON.stringify(next) !== JSON.stringify(this._current)) {
      this._current = next;
      this._changed.emit();
      if (this._path !== null) {
        this._unsaved.set(this._key, next);
        void this._save.invoke().catch(() => undefined);
      }
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._save.dispose();
    void this._remember().catch(() => undefined); // what was chosen a moment ago, too
    this._model.changed.disconnect(this._onModel, this);
    Signal.clearData(this);
  }

  private get _key(): string {
    return `jupyterlab-cauce:view:${this._owner}:${this._path ?? ''}`;
  }

  private _onModel(): void {
    const { path } = this._model;
    if (path === this._path) {
      return;
    }
    void this._recall(path);
  }

  private async _recall(path: string | null): Promise<void> {
    this._path = path;
    // What somebody chose of a view counts for every pipeline until it is known better.
    this._current = { ...DEFAULT_VIEW, view: this._current.view, sizes: this._current.sizes };
    this._changed.emit();
    const before = this._current;
    const found =
      this._unsaved.get(this._key) ?? (await this._memory?.fetch(this._key).catch(() => undefined));
    if (path === this._path && before === this._current && !this._isDisposed) {
      this._current = parseView(found, before);
      this._changed.emit();
    }
  }

  private async _remember(): Promise<void> {
    const views = [...this._unsaved];
    this._unsaved.clear();
    for (const [key, view] of views) {
      await this._memory?.save(key, view as unknown as ReadonlyPartialJSONObject);
    }
  }

  private readonly _model: PipelineModel;
  private readonly _owner: string;
  private readonly _memory: IMemory | null;
  private readonly _save: Debouncer;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _unsaved = new Map<string, IView>();
  private _path: string | null | undefined = undefined;
  private _current = DEFAULT_VIEW;
  private _isDisposed = false;
}

/** What was remembered, as far as it has the shape that it should have. */
export function parseView(found: unknown, fallback: IView = DEFAULT_VIEW): IView {
  if (typeof found !== 'object' || found === null) {
    return fallback;
  }
  const said = found as Readonly<Record<string, unknown>>;
  return {
    view: VIEWS.find(each => each === said.view) ?? fallback.view,
    filter: typeof said.filter === 'string' ? said.filter : fallback.filter,
    order: ORDERS.find(each => each === said.order) ?? fallback.order,
    grouped: typeof said.grouped === 'boolean' ? said.grouped : fallback.grouped,
    collapsed: listOf('string', said.collapsed) ?? fallback.collapsed,
    graph: parseGraphView(said.graph, fallback.graph),
    folded: listOf('string', said.folded) ?? fallback.folded,
    sizes: listOf('number', said.sizes)?.slice(0, 2) ?? fallback.sizes
  };
}

function listOf(kind: 'string', value: unknown): readonly string[] | null;
function listOf(kind: 'number', value: unknown): readonly number[] | null;
function listOf(kind: 'string' | 'number', value: unknown): readonly unknown[] | null {
  return Array.isArray(value) && value.every(each => typeof each === kind) ? value : null;
}
