// What the edge needs of mime-types, as one table: the package builds its own from a database of 200 kB each time that it is loaded, which
// takes 40 ms.

import mime from 'mime-types';

function table() {
  const extensionsOf = {};
  for (const extension of Object.keys(mime.types).sort()) {
    const type = mime.contentType(extension);
    extensionsOf[type] = [...(extensionsOf[type] ?? []), extension];
  }
  return extensionsOf;
}

/** For esbuild: puts the table in the package's place, behind the same function. */
export const mediaTypes = {
  name: 'media-types',
  setup(build) {
    build.onLoad({ filter: /\/node_modules\/mime-types\/index\.js$/ }, () => ({
      contents: `
const typeOf = new Map();
for (const [type, extensions] of Object.entries(${JSON.stringify(table())})) {
  for (const extension of extensions) typeOf.set(extension, type);
}
exports.contentType = (extension) => typeOf.get(extension.toLowerCase()) ?? false;
`,
    }));
  },
};
