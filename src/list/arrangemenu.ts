/**
 * The menu that says how the list is sorted and grouped.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';

import type { Order } from '../viewstate';

export interface IListOrder {
  readonly order: Order;
  readonly grouped: boolean;
}

/**
 * Open the menu below an element, which has the focus again when it closes. The entries are no commands
 * of JupyterLab: each panel is sorted in its own way.
 */
export function openArrangeMenu(
  anchor: HTMLElement,
  trans: TranslationBundle,
  current: IListOrder,
  onChange: (parts: Partial<IListOrder>) => void
): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  const orders: readonly (readonly [Order, string])[] = [
    ['build', trans.__('Build Order')],
    ['name', trans.__('Sort by Name')],
    ['state', trans.__('Sort by State')],
    ['duration', trans.__('Sort by Duration')]
  ];
  const add = (id: string, label: string, on: boolean, parts: Partial<IListOrder>): void => {
    const command = `cauce:arrange-${id}`;
    commands.addCommand(command, {
      label,
      isToggled: () => on,
      isToggleable: true,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        onChange(parts);
      }
    });
    menu.addItem({ command });
  };
  for (const [order, label] of orders) {
    add(order, label, order === current.order, { order });
  }
  menu.addItem({ type: 'separator' });
  add('grouped', trans.__('Group by Folder'), current.grouped, { grouped: !current.grouped });
  menu.aboutToClose.connect(() => {
    anchor.focus();
    // Not before it has done what was chosen.
    requestAnimationFrame(() => {
      menu.dispose();
    });
  });
  const { left, bottom } = anchor.getBoundingClientRect();
  menu.open(left, bottom);
}
