// The licences of the packages that have become a part of the bundle, as these ask to be passed on.

import { join } from "node:path";

/** How the bundle names the file of a package: npm/NAME/VERSION/… */
const ORIGIN = /\bnpm\/((?:@[\w.-]+\/)?[\w.-]+)\/(\d[\w.+-]*)\//g;

const LICENCE = /^(licen[cs]e|copying|notice)/i;

const INTRODUCTION =
  `The program contains these packages. The executable and the images contain Deno as
well, which is under the MIT licence: https://github.com/denoland/deno names it and its parts.
`;

/**
 * One text with the licences of all packages in the bundle, by name. `npmFolders` are caches of
 * Deno, one per registry. Throws where a package is in none of them, or does not say what it is under.
 */
export function notices(bundle: string, npmFolders: readonly string[]): string {
  const found = [...bundle.matchAll(ORIGIN)].map(([, name, version]) => `${name}/${version}`);
  const packages = [...new Set(found)].sort();
  return [INTRODUCTION, ...packages.map((one) => notice(one, npmFolders))].join(`\n${RULE}\n\n`);
}

const RULE = "-".repeat(80);

function notice(path: string, npmFolders: readonly string[]): string {
  const folder = npmFolders.map((one) => join(one, path)).find(isThere);
  if (folder === undefined) throw new Error(`the package ${path} is not in Deno's cache`);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => LICENCE.test(name)).sort();
  const texts = files.map((name) => Deno.readTextFileSync(join(folder, name)).trim());
  if (texts.length === 0) texts.push(named(folder, path));
  return `${path.replace(/\/([^/]+)$/, " $1")}\n\n${texts.join("\n\n")}\n`;
}

/** Of a package that comes without the text. */
function named(folder: string, path: string): string {
  const { license, author } = JSON.parse(Deno.readTextFileSync(join(folder, "package.json")));
  if (typeof license !== "string") throw new Error(`nobody knows what ${path} may be used for`);
  const by = typeof author === "object" ? author?.name : author;
  return `${
    by === undefined ? "" : `By ${by}. `
  }Licence: https://spdx.org/licenses/${license}.html`;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
