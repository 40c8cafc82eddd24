/**
 * How large the built labextension is: what each page loads as it starts, and all of it. Fails when
 * that is more than it may be, or when it brings what JupyterLab has itself.
 *
 * It reads what was built (`npm run build`), for what the sources say and what a bundler makes of
 * it are two things.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Thousands of bytes, compressed. */
const AT_START = 80;
const IN_ALL = 350;

/** A second copy of these would be another React, other signals, other tokens. */
const SHARED =
  /^(react|react-dom|scheduler|yjs|y-protocols|@lumino\/|@jupyterlab\/|@jupyter\/ydoc|@codemirror\/(state|view|language|autocomplete)$)/;
/** What is in the code of React whatever a minifier has made of it. */
const REACT = '__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED';

const root = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  'server_ext',
  'cauce',
  'labextension'
);

function read(...path) {
  try {
    return readFileSync(join(root, ...path));
  } catch {
    return fail(`${path.join('/')} is not there: run npm run build.`);
  }
}

function fail(why) {
  console.error(`The bundle: ${why}`);
  process.exit(1);
}

const { load, extension, style } = JSON.parse(read('package.json').toString()).jupyterlab._build;
const files = readdirSync(join(root, 'static')).filter(name => name.endsWith('.js'));
const entry = load.replace(/^static\//, '');
const code = read('static', entry).toString();

/** The chunks that `n.e(1)` in a piece of the entry's code asks for. */
function asked(text) {
  return [...text.matchAll(/\.e\((\d+)\)/g)].map(([, id]) => id);
}

/** What loads a module that the extension exposes. */
function exposed(name) {
  const begin = code.indexOf(`"${name}":()=>`);
  if (begin < 0) {
    fail(`${entry} does not say how ${name} is loaded; has the bundler changed?`);
  }
  const found = asked(/^.*?(?=,"\.\/|\}[,;)])/s.exec(code.slice(begin))?.[0] ?? '');
  return found.length > 0 ? found : fail(`${entry} loads nothing for ${name}.`);
}

/** Chunks with what a host may lack of the modules that a chunk shares with it. */
function fallbacks(id) {
  const shared = new RegExp(`[{,]"?${id}"?:\\[([^\\]]*)\\]`).exec(code)?.[1] ?? '';
  return [...shared.matchAll(/"(\d+)"/g)].flatMap(([, module]) => {
    const about = new RegExp(`[{,]"?${module}"?:\\{shareScope:.*?treeShakingMode`, 's').exec(code);
    return asked(about?.[0] ?? '');
  });
}

function size(name) {
  return gzipSync(read('static', name), { level: 9 }).length;
}

const first = new Set([...exposed(extension), ...exposed(style)]);
for (const id of first) {
  for (const other of fallbacks(id)) {
    first.add(other);
  }
}
const start = files.filter(name => name === entry || first.has(name.split('.')[0]));
const sizes = Object.fromEntries(files.map(name => [name, size(name)]));
const sum = names => names.reduce((total, name) => total + sizes[name], 0) / 1000;

for (const name of files.sort((a, b) => sizes[b] - sizes[a])) {
  console.log(
    `${(sizes[name] / 1000).toFixed(1).padStart(7)} kB  ${start.includes(name) ? 'at start' : 'later   '}  ${name}`
  );
}
console.log(`${sum(start).toFixed(1).padStart(7)} kB  at start, of ${AT_START}`);
console.log(`${sum(files).toFixed(1).padStart(7)} kB  in all, of ${IN_ALL}`);

const licenses = JSON.parse(read('static', 'third-party-licenses.json').toString());
const twice = licenses.packages.map(each => each.name).filter(name => SHARED.test(name));
if (twice.length > 0) {
  fail(`it brings ${twice.join(', ')}, which JupyterLab has.`);
}
const reacts = files.filter(name => read('static', name).includes(REACT));
if (reacts.length > 0) {
  fail(`${reacts.join(', ')} has React in it.`);
}
if (sum(start) > AT_START) {
  fail('too much is loaded at start: put what is not needed then behind `await import()`.');
}
if (sum(files) > IN_ALL) {
  fail('it is too large in all: see which dependency it is that the last change brought.');
}
