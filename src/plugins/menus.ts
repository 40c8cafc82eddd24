/**
 * Menus that JupyterLab cannot read from a schema: those of the panel's own buttons, and submenus
 * whose entries are known only when they open.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { Menu, Widget } from '@lumino/widgets';

import { CommandIDs } from '../commands/ids';
import type { PipelineModel } from '../model';

const PRODUCTS_MENU = 'jp-contextmenu-cauce-products';

type MenuEntry = readonly [command: string, args?: ReadonlyJSONObject];

/** The menu of what can be done with the whole pipeline, beside building it. */
export function moreMenu(app: JupyterFrontEnd): (anchor: HTMLElement) => void {
  return buttonMenu(app, [
    [[CommandIDs.plan], [CommandIDs.buildForce], [CommandIDs.evaluate]],
    [[CommandIDs.addTask], [CommandIDs.scaffold], [CommandIDs.clean]]
  ]);
}

/** The menu beside the build button: all ways to build, the selected tasks or everything. */
export function buildMenu(app: JupyterFrontEnd): (anchor: HTMLElement) => void {
  return buttonMenu(app, [
    [[CommandIDs.build], [CommandIDs.buildForce], [CommandIDs.plan]],
    [
      [CommandIDs.runTask],
      [CommandIDs.runFrom],
      [CommandIDs.runOnly],
      [CommandIDs.forceTask],
      [CommandIDs.plan, { selected: true }]
    ]
  ]);
}

/** The menus of what can be done with the selected task. */
export function taskMenus(app: JupyterFrontEnd): {
  readonly run: (anchor: HTMLElement) => void;
  readonly task: (anchor: HTMLElement) => void;
} {
  return {
    run: buttonMenu(app, [
      [
        [CommandIDs.runTask],
        [CommandIDs.runFrom],
        [CommandIDs.runOnly],
        [CommandIDs.forceTask],
        [CommandIDs.plan, { selected: true }]
      ],
      [[CommandIDs.markTask]]
    ]),
    task: buttonMenu(app, [
      [[CommandIDs.openTask], [CommandIDs.openSource], [CommandIDs.openFunction]],
      [[CommandIDs.openExecuted], [CommandIDs.openFailing], [CommandIDs.debugTask]],
      [[CommandIDs.showDeclaration]],
      [[CommandIDs.cleanTask]]
    ])
  };
}

/** A menu of groups that opens below a button, and gives the focus back to it. */
function buttonMenu(
  app: JupyterFrontEnd,
  groups: readonly (readonly MenuEntry[])[]
): (anchor: HTMLElement) => void {
  const menu = new MenuSvg({ commands: app.commands });
  for (const group of groups) {
    if (menu.items.length > 0) {
      menu.addItem({ type: 'separator' });
    }
    for (const [command, args = {}] of group) {
      menu.addItem({ command, args });
    }
  }
  let opener: HTMLElement | null = null;
  menu.aboutToClose.connect(() => {
    opener?.focus();
  });
  return anchor => {
    const { left, bottom } = anchor.getBoundingClientRect();
    opener = anchor;
    menu.open(left, bottom);
  };
}

/** When the context menu of something in a widget closes, the focus goes back to that. */
export function refocus(app: JupyterFrontEnd, widget: Widget): void {
  let opener: HTMLElement | SVGElement | null = null;
  widget.node.addEventListener('contextmenu', () => {
    const { activeElement } = document;
    opener =
      activeElement instanceof HTMLElement || activeElement instanceof SVGElement
        ? activeElement
        : null;
  });
  const giveBack = (): void => {
    opener?.focus();
    opener = null;
  };
  const { aboutToClose } = app.contextMenu.menu;
  aboutToClose.connect(giveBack);
  widget.disposed.connect(() => {
    aboutToClose.disconnect(giveBack);
  });
}

/** Fill the submenu of a task's products whenever the context menu opens. */
export function offerProducts(app: JupyterFrontEnd, model: PipelineModel): void {
  const isProducts = (item: Menu.IItem): boolean => item.submenu?.id === PRODUCTS_MENU;
  app.contextMenu.opened.connect(() => {
    const submenu = app.contextMenu.menu.items.find(isProducts)?.submenu;
    submenu?.clearItems();
    for (const product of model.selectedTask?.products ?? []) {
      if (product.kind !== 'file') {
        continue;
      }
      submenu?.addItem({ command: CommandIDs.openProduct, args: { product: product.path } });
    }
  });
}
