/**
 * What holds for every command: it has words, its arguments are described, and it can be found.
 */
import { CommandRegistry } from '@lumino/commands';

import filebrowserSchema from '../../schema/filebrowser.json';
import panelSchema from '../../schema/panel.json';
import { addCommands } from '../commands/commands';
import { PALETTE } from '../commands/palette';
import { fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { FakeLab } from '../testing/fakelab';

interface IMenuEntry {
  readonly command?: string;
  readonly submenu?: { readonly items: readonly IMenuEntry[] };
  readonly items?: readonly IMenuEntry[];
}

/** The commands that a menu of a schema names, at any depth. */
function named(entries: readonly IMenuEntry[]): readonly string[] {
  return entries.flatMap(entry => [
    ...(entry.command === undefined ? [] : [entry.command]),
    ...named(entry.submenu?.items ?? []),
    ...named(entry.items ?? [])
  ]);
}

const inMenus = [panelSchema, filebrowserSchema].flatMap(schema =>
  (Object.values(schema['jupyter.lab.menus']) as IMenuEntry[][]).flatMap(named)
);

const lab = new FakeLab();
const commands = new CommandRegistry();
addCommands({
  commands,
  model: lab.model,
  runs: lab.runsModel,
  actions: lab.actions,
  trans: lab.trans,
  settings: () => lab.settings.current,
  show: () => undefined,
  showView: () => undefined,
  notebookPipeline: () => null,
  notebook: () => null,
  selectedFile: () => null
});

beforeAll(async () => {
  const product = {
    key: '',
    kind: 'file',
    path: 'out/a.csv',
    exists: true,
    notebook: false,
    size: 1,
    modified: 1
  } as const;
  await lab.show(fakeSnapshot('ml/pipeline.yaml', [fakeTask('a', { products: [product] })]));
  lab.model.select('a');
});

afterAll(() => {
  lab.dispose();
});

describe.each(commands.listCommands())('%s', id => {
  it('has a label, a caption and a schema of its arguments', async () => {
    expect(commands.label(id)).not.toBe('');
    expect(commands.caption(id)).not.toBe('');
    const args = (await commands.describedBy(id)).args as unknown as {
      readonly type: string;
      readonly properties: Readonly<Record<string, { type?: string; description?: string }>>;
    };
    expect(args.type).toBe('object');
    for (const property of Object.values(args.properties)) {
      expect(typeof property.type).toBe('string');
      expect(property.description).toMatch(/\w/);
    }
  });

  it('is in the palette or in a menu', () => {
    // Products have a menu that is filled when it opens; the others mean nothing without arguments.
    const others = [
      'cauce:open-product',
      'cauce:connect-tasks',
      'cauce:disconnect-tasks',
      'cauce:choose-profile'
    ];
    expect([...PALETTE, ...inMenus, ...others]).toContain(id);
  });
});

it('is told in menus and the palette by ids that exist', () => {
  const known = [
    ...commands.listCommands(),
    'cauce:open-main',
    'cauce:show-file',
    'cauce:create-pipeline'
  ];
  expect([...PALETTE, ...inMenus].filter(id => !known.includes(id))).toEqual([]);
});
