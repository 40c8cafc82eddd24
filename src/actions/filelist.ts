/**
 * The body of a dialog that names files.
 */
import { Widget } from '@lumino/widgets';

const LISTED = 20;

export class FileList extends Widget {
  constructor(files: readonly string[], note: string) {
    super();
    this.addClass('jp-cauce-FileList');
    const list = document.createElement('ul');
    for (const file of files.slice(0, LISTED)) {
      list.append(line('li', file));
    }
    if (files.length > LISTED) {
      list.append(line('li', `… (${String(files.length)})`));
    }
    this.node.append(list);
    if (note !== '') {
      this.node.append(line('p', note));
    }
  }
}

function line(tag: 'li' | 'p', text: string): HTMLElement {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}
