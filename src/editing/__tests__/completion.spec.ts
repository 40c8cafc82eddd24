import type { IJsonSchema } from '../../client';
import { completionsAt, describeAt } from '../completion';
import { dialectOf } from '../files';

const TASK: IJsonSchema = {
  anyOf: [
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        source: { description: 'What runs.', type: 'string' },
        product: {
          description: 'What it makes.',
          anyOf: [
            { type: 'string' },
            { type: 'object', additionalProperties: { type: 'string' } },
            { type: 'array', items: { type: 'string' } }
          ]
        },
        upstream: {
          anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }]
        },
        class: { anyOf: [{ enum: ['NotebookRunner', 'SQLScript'] }, { type: 'null' }] },
        local_execution: {
          description: 'Where it works.',
          default: false,
          anyOf: [{ type: 'boolean' }, { $ref: '#/definitions/placeholder' }]
        },
        params: {
          anyOf: [
            { type: 'object', properties: { resources_: { type: 'object' } } },
            { $ref: '#/definitions/placeholder' }
          ]
        }
      }
    }
  ]
};

const SCHEMA: IJsonSchema = {
  anyOf: [
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        tasks: { anyOf: [{ type: 'array', items: { $ref: '#/definitions/task' } }] },
        meta: {
          allOf: [{ type: 'object', properties: { extract_upstream: { type: 'boolean' } } }]
        },
        on_finish: { oneOf: [{ $ref: '#/definitions/dotted' }] }
      }
    },
    {
      type: 'object',
      additionalProperties: false,
      properties: { location: { type: 'string' } }
    }
  ],
  definitions: {
    task: TASK,
    placeholder: { type: 'string', description: 'A value of env.yaml.' },
    dotted: {
      anyOf: [
        { type: 'string' },
        { type: 'object', properties: { dotted_path: { description: 'The function.' } } }
      ]
    }
  }
};

/** What is offered at the ‸ of a text. */
function at(marked: string): ReturnType<typeof completionsAt> {
  const offset = marked.indexOf('‸');
  return completionsAt(marked.replace('‸', ''), offset, SCHEMA, ['load', 'clean']);
}

function labels(marked: string): readonly string[] {
  return at(marked)?.items.map(({ label }) => label) ?? [];
}

/** The text once the label is taken. */
function taken(marked: string, label: string): string {
  const text = marked.replace('‸', '');
  const found = at(marked);
  const item = found?.items.find(each => each.label === label);
  return found == null || item === undefined
    ? 'not offered'
    : text.slice(0, found.from) + item.insert + text.slice(found.to);
}

const OF_A_TASK = ['source', 'product', 'upstream', 'class', 'local_execution', 'params'];
const WITHOUT_SOURCE = OF_A_TASK.slice(1);

describe('Keys', () => {
  it.each([
    ['an empty text', '‸', ['tasks', 'meta', 'on_finish', 'location']],
    ['the top, with what fits to what is there', 'tasks:\n\n‸', ['meta', 'on_finish']],
    ['the top, before what is there', 'm‸\ntasks:\n  - source: a.py\n', ['meta', 'on_finish']],
    ['a new entry of a list', 'tasks:\n  - ‸', OF_A_TASK],
    ['an entry in the column of the list’s key', 'tasks:\n- source: a.py\n  ‸', WITHOUT_SOURCE],
    ['an entry with keys above', 'tasks:\n  - source: a.py\n    pro‸', WITHOUT_SOURCE],
    ['an entry with keys below', 'tasks:\n  - ‸\n    source: a.py\n  - class: x\n', WITHOUT_SOURCE],
    [
      'an entry between others, and a comment',
      'tasks:\n  - product: a\n    class: b\n  - source: a.py # x: y\n    ‸\n  - product: c\n',
      WITHOUT_SOURCE
    ],
    ['a mapping through allOf', 'meta:\n  ‸', ['extract_upstream']],
    ['a mapping through oneOf and a reference', 'on_finish:\n  d‸', ['dotted_path']],
    ['a mapping in braces', 'tasks:\n  - {source: a.py, ‸}', WITHOUT_SOURCE],
    ['a mapping in braces in brackets', 'tasks: [{source: "a, b", pro‸', WITHOUT_SOURCE],
    ['a quoted neighbour', 'tasks:\n  - "source": a.py\n    ‸', WITHOUT_SOURCE],
    ['a key after a block of text', 'tasks:\n  - source: |\n      x: y\n    ‸', WITHOUT_SOURCE],
    ['a list that has not begun', 'tasks:\n  ‸', OF_A_TASK],
    ['names that are free', 'tasks:\n  - product:\n      ‸', []],
    ['a value that goes on', 'tasks:\n  - source: a.py\n      ‸', []],
    ['a comment', 'tasks:\n  - source: a.py\n    # pro‸', []],
    ['a block of text', 'tasks:\n  - source: |\n      ‸', []],
    ['a value without a choice', 'tasks:\n  - source: ‸', []],
    ['a place behind a closed list', 'meta: {} ‸', []]
  ])('of %s', (_, marked, expected) => {
    expect(labels(marked)).toEqual(expected);
  });

  it('are written with what must follow them', () => {
    expect(taken('tasks:\n  - sou‸', 'source')).toBe('tasks:\n  - source: ');
    expect(taken('‸', 'tasks')).toBe('tasks:');
    expect(taken('tasks:\n  - source: a\n    par‸', 'params')).toMatch(/ {4}params:$/);
    expect(taken('tasks:\n  ‸', 'source')).toBe('tasks:\n  - source: ');
  });

  it('replace the whole word, and keep a colon that is there', () => {
    expect(taken('tasks:\n  - sou‸xx: a.py', 'source')).toBe('tasks:\n  - source: a.py');
  });
});

describe('Values', () => {
  it.each([
    ['a choice', 'tasks:\n  - class: ‸', ['NotebookRunner', 'SQLScript']],
    ['a choice within quotes', 'tasks:\n  - class: "No‸"', ['NotebookRunner', 'SQLScript']],
    ['true or false', 'meta:\n  extract_upstream: t‸', ['true', 'false']],
    ['true or false in braces', 'meta: {extract_upstream: ‸}', ['true', 'false']],
    ['what a task needs', 'tasks:\n  - upstream: ‸', ['load', 'clean']],
    ['what a task needs, in brackets', 'tasks:\n  - upstream: [load, ‸]', ['load', 'clean']],
    ['what a task needs, as a list', 'tasks:\n  - upstream:\n      - cl‸', ['load', 'clean']],
    ['what a task needs, as a list to begin', 'tasks:\n  - upstream:\n      ‸', ['load', 'clean']],
    ['no name of a task elsewhere', 'upstream: ‸', []]
  ])('for %s', (_, marked, expected) => {
    expect(labels(marked)).toEqual(expected);
  });
});

describe('What a key is for', () => {
  function said(marked: string): string | null {
    const offset = marked.indexOf('‸');
    const found = describeAt(marked.replace('‸', ''), offset, SCHEMA);
    return found === null ? null : `${found.key}: ${found.text} ${found.byDefault}`.trim();
  }

  it.each([
    ['tasks:\n  - sou‸rce: a.py', 'source: What runs.'],
    [
      'tasks:\n  - source: a.py\n    ‸local_execution: true',
      'local_execution: Where it works. false'
    ],
    ['on_finish:\n  dotted_path‸: a.b', 'dotted_path: The function.'],
    ['tasks:\n  - source: a‸.py', null],
    ['tasks:\n  - unknown‸: a.py', null],
    ['tasks:\n  - product:\n      source‸: a.csv', null],
    ['‸', null]
  ])('is told at %j', (marked, expected) => {
    expect(said(marked)).toBe(expected);
  });
});

describe('Whatever stands in a file', () => {
  const text =
    'meta:\n  extract_upstream: true\n---\ntasks:\n- {source: [a, {b: "c\n  # d: e\n- - f: |\n    g\n "h: \'i\n\t- j:k\n...\n: {} l:\n';

  it('can be asked about at any place', () => {
    for (let offset = 0; offset <= text.length; offset++) {
      expect(() => completionsAt(text, offset, SCHEMA, [])).not.toThrow();
      expect(() => describeAt(text, offset, SCHEMA)).not.toThrow();
    }
  });
});

describe('The files that are ours', () => {
  it.each([
    ['pipeline.yaml', 'pipeline'],
    ['ml/pipeline.serve.yaml', 'pipeline'],
    ['env.yaml', 'env'],
    ['ml/env.serve.yaml', 'env'],
    ['ml/my-pipeline.yaml', null],
    ['environment.yaml', null],
    ['pipeline.yaml/notes.md', null]
  ])('%s: %s', (path, dialect) => {
    expect(dialectOf(path)).toBe(dialect);
  });
});
