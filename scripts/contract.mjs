// Writes src/contract.ts, what the browser knows of the contract, from openapi.json: the types of
// all structures, and the name of our event. With --check it only tells whether that is up to date.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';

const TARGET = new URL('../src/contract.ts', import.meta.url);

const source = await readFile(new URL('../server_ext/cauce/openapi.json', import.meta.url), 'utf8');
const types = await openapiTS(source, {
  immutable: true,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  rootTypesKeepCasing: true,
  defaultNonNullable: false
});
const event = JSON.stringify(JSON.parse(source)['x-events'].RevisionEvent);
const contract = `${COMMENT_HEADER}${astToString(types)}
/** Under this id a \`RevisionEvent\` goes over the Jupyter event bus. */
export const REVISION_SCHEMA = ${event};
`;
if (!process.argv.includes('--check')) {
  await writeFile(TARGET, contract);
} else if ((await readFile(TARGET, 'utf8')) !== contract) {
  console.error('src/contract.ts is behind openapi.json: run `npm run contract` and commit it.');
  process.exitCode = 1;
}
