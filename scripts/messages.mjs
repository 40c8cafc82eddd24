// Keeps the catalogues of translations in step with what is said: every text in src/ and schema/.
//
//   node scripts/messages.mjs           adds what is new (empty), drops what is said no more
//   node scripts/messages.mjs --check   fails unless each catalogue is complete and fits
//
// A catalogue is what JupyterLab reads: cauce/locale/LANGUAGE/LC_MESSAGES/jupyterlab_cauce.json,
// a message (after its context and \u0004, if it has one) → its forms: one, or one for each plural.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCALES = path.join(ROOT, 'server_ext/cauce/locale');
const FORMS = { __: 1, _p: 1, _n: 2, _np: 2 };
// As JupyterLab's server selects what it translates of a schema.
const IN_SCHEMA = [
  [/^(.*\/)?properties\/.*\/(title|description)$/, 'settings'],
  [/^(title|description)$/, 'schema'],
  [/^jupyter\.lab\.setting-icon-label$/, 'settings'],
  [/^jupyter\.lab\.menus\/.*\/label$/, 'menu'],
  [/^jupyter\.lab\.toolbars\/.*\/label$/, 'toolbar']
];

/** All that is said: key → { plural, where }. */
async function said() {
  const messages = new Map();
  for (const file of (await walk('src')).filter(each => /(?<!\.d)\.tsx?$/.test(each))) {
    if (!file.includes('__tests__') && !file.startsWith('src/testing/')) {
      fromCode(file, await readFile(path.join(ROOT, file), 'utf8'), messages);
    }
  }
  for (const file of await walk('schema')) {
    fromSchema(JSON.parse(await readFile(path.join(ROOT, file), 'utf8')), '', file, messages);
  }
  return messages;
}

async function walk(folder) {
  const entries = await readdir(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .sort();
}

function fromCode(file, text, messages) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = node => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      const owner = expression.getText(source).split('.').at(-1);
      if (name.text in FORMS && /^_?trans$/.test(owner)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        const texts = node.arguments.map(each => (ts.isStringLiteralLike(each) ? each.text : null));
        const where = `${file}:${line + 1}`;
        const context = name.text.startsWith('_p') || name.text === '_np' ? texts.shift() : '';
        const plural = name.text.includes('n') ? texts[1] : undefined;
        if (texts[0] == null || plural === null || context == null) {
          throw new Error(`${where}: only literal texts can be translated`);
        }
        add(messages, context === '' ? texts[0] : `${context}\u0004${texts[0]}`, plural, where);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function fromSchema(value, at, file, messages) {
  for (const [key, each] of Object.entries(value ?? {})) {
    const place = at === '' ? key : `${at}/${key}`;
    if (typeof each === 'string') {
      const context = IN_SCHEMA.find(([pattern]) => pattern.test(place))?.[1];
      if (context !== undefined) {
        add(messages, `${context}\u0004${each}`, undefined, file);
      }
    } else if (typeof each === 'object') {
      fromSchema(each, place, file, messages);
    }
  }
}

function add(messages, key, plural, where) {
  const known = messages.get(key);
  messages.set(key, { plural: plural ?? known?.plural, where: known?.where ?? where });
}

/** The placeholders of a text, sorted: a translation has the same. */
function places(text) {
  return [...text.matchAll(/%\d+/g)].map(([place]) => place).sort();
}

/** What is wrong with a translation; '' when nothing is. */
function flaw(key, { plural }, forms, count) {
  if (!Array.isArray(forms) || forms.length !== (plural === undefined ? 1 : count)) {
    return 'has the wrong number of forms';
  }
  if (forms.some(form => typeof form !== 'string' || form.trim() === '')) {
    return 'is not translated';
  }
  const wanted = new Set(places(`${key} ${plural ?? ''}`));
  const last = places(forms.at(-1));
  // The form for one may leave its number out: "la tarea".
  if (
    new Set(last).size !== wanted.size ||
    forms.some(form => places(form).some(each => !wanted.has(each)))
  ) {
    return `has not the placeholders ${[...wanted].join(' ')}`;
  }
  return '';
}

const messages = await said();
const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
const check = process.argv.includes('--check');
for (const language of (await readdir(LOCALES, { withFileTypes: true })).filter(e =>
  e.isDirectory()
)) {
  const file = path.join(LOCALES, language.name, 'LC_MESSAGES/jupyterlab_cauce.json');
  const before = await readFile(file, 'utf8');
  const { '': head, ...catalogue } = JSON.parse(before);
  const count = Number(/nplurals=(\d+)/.exec(head.plural_forms)?.[1]);
  if (check) {
    const name = language.name.replace('_', '-');
    const wrong = [
      // The page looks for it by this name.
      ...(head.language === name ? [] : [`the language is called ${head.language}, not ${name}`]),
      ...[...messages].flatMap(([key, message]) => {
        const found = flaw(key, message, catalogue[key], count);
        return found === '' ? [] : [`${message.where}: ${JSON.stringify(key)} ${found}`];
      }),
      ...Object.keys(catalogue)
        .filter(key => !messages.has(key))
        .map(key => `${JSON.stringify(key)} is said no more`)
    ];
    for (const each of wrong) {
      console.error(`${language.name}: ${each}`);
    }
    if (wrong.length > 0) {
      console.error('`npm run messages` adds and drops; the translations are yours to write.');
      process.exitCode = 1;
    }
    continue;
  }
  const keys = [...messages.keys()].sort((a, b) => (a < b ? -1 : 1));
  const next = { '': { ...head, version } };
  for (const key of keys) {
    const wanted = messages.get(key).plural === undefined ? 1 : count;
    const forms = catalogue[key];
    next[key] = forms?.length === wanted ? forms : Array(wanted).fill('');
  }
  await writeFile(file, `${JSON.stringify(next, null, 2)}\n`);
}
