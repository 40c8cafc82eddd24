/**
 * Menus of task notebooks whose entries are known only when they open: what can be loaded of
 * upstream, and whose values can be filled in.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Menu } from '@lumino/widgets';

import { CommandIDs } from '../commands/ids';
import type { IInput } from '../notebook/loading';
import type { OpenNotebook } from '../notebook/opennotebook';

const INPUTS_MENU = 'jp-contextmenu-cauce-inputs';
const VALUES_MENU = 'jp-contextmenu-cauce-values';

/** Offers what a notebook can load, below an element. */
export function inputsMenu(
  commands: CommandRegistry
): (notebook: OpenNotebook, anchor: HTMLElement) => void {
  const menu = new MenuSvg({ commands });
  let opener: HTMLElement | null = null;
  menu.aboutToClose.connect(() => {
    opener?.focus();
  });
  return (notebook, anchor) => {
    fill(menu, notebook.inputs, commands);
    const { left, bottom } = anchor.getBoundingClientRect();
    opener = anchor;
    menu.open(left, bottom);
  };
}

/** Fill the submenus of the context menu whenever that opens. */
export function fillNotebookMenus(app: JupyterFrontEnd, current: () => OpenNotebook | null): void {
  const { commands, contextMenu } = app;
  const submenu = (id: string): Menu | null =>
    contextMenu.menu.items.find(item => item.submenu?.id === id)?.submenu ?? null;
  contextMenu.opened.connect(() => {
    const notebook = current();
    const inputs = submenu(INPUTS_MENU);
    if (inputs !== null) {
      fill(inputs, notebook?.inputs ?? [], commands);
    }
    const values = submenu(VALUES_MENU);
    values?.clearItems();
    for (const { pipeline, task } of notebook?.opened?.choices ?? []) {
      values?.addItem({ command: CommandIDs.showValues, args: { pipeline, task } });
    }
  });
}

/** One entry for each input; those of a task that made several stand in a menu of their own. */
function fill(menu: Menu, inputs: readonly IInput[], commands: CommandRegistry): void {
  menu.clearItems();
  const groups = new Map<string, IInput[]>();
  for (const input of inputs) {
    const group = input.keys.slice(0, -1).join(' › ');
    groups.set(group, [...(groups.get(group) ?? []), input]);
  }
  for (const [group, some] of groups) {
    let into = menu;
    if (group !== '' && groups.size > 1 && some.length > 1) {
      into = new MenuSvg({ commands });
      into.title.label = group;
      menu.addItem({ type: 'submenu', submenu: into });
    }
    for (const { keys } of some) {
      into.addItem({ command: CommandIDs.useUpstream, args: { keys: [...keys] } });
    }
  }
}
