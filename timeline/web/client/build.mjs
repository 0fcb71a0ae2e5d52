// Bundles the picture into the folder that is named, by pinned tools: the same bytes
// from the same sources.  `npm run build` checks the types first.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const folder = path.resolve(process.argv[2] ?? path.join(here, "../../static"));

const { outputFiles, metafile } = await build({
  absWorkingDir: here,
  entryPoints: { picture: "src/main.js" },
  // Paths in the source map are relative to where the bundle is served from, also if
  // it is written elsewhere to be compared.
  outdir: "../../static",
  entryNames: "[name].[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  sourcemap: true,
  legalComments: "linked",
  metafile: true,
  write: false,
});

/** What is shipped of others has to ship with its licence. */
const licences = async () => {
  const names = Object.keys(metafile.inputs)
    .map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
    .filter((name) => name !== undefined);
  const texts = [];
  for (const name of [...new Set(names)].sort()) {
    const root = path.join(here, "node_modules", name);
    const { version, license } = JSON.parse(
      await readFile(path.join(root, "package.json"), "utf8"),
    );
    const file = (await readdir(root)).find((one) => /^licen[cs]e/i.test(one));
    if (!file) throw new Error(`${name} has no licence text`);
    const text = (await readFile(path.join(root, file), "utf8")).trim();
    texts.push(`${name} ${version} (${license})\n\n${text}\n`);
  }
  return `The script of the picture contains:\n\n${texts.join(`\n${"-".repeat(72)}\n\n`)}`;
};

const files = new Map(
  outputFiles.map((file) => [path.basename(file.path), file.contents]),
);
const script = [...files.keys()].find((name) => name.endsWith(".js"));
const manifest = { "picture.js": script };
files.set("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
files.set("picture.LICENSES.txt", await licences());

await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) {
  if (/^picture\./.test(name)) await rm(path.join(folder, name));
}
for (const [name, contents] of files) await writeFile(path.join(folder, name), contents);
