import assert from "node:assert/strict";
import { OutputFile } from "../../src/cli/output_file.ts";

async function withFolder(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function names(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}

Deno.test("a file is in its place when it is complete, not before", () =>
  withFolder(async (directory) => {
    const path = `${directory}/a`;
    const file = OutputFile.create(path);
    file.write("é".repeat(100_000));
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    file.complete();
    assert.equal(await Deno.readTextFile(path), "é".repeat(100_000));
    assert.deepEqual(await names(directory), ["a"]);
  }));

Deno.test("what is discarded leaves no trace", () =>
  withFolder(async (directory) => {
    await Deno.writeTextFile(`${directory}/a`, "old");
    const file = OutputFile.create(`${directory}/a`);
    file.write("new");
    file.discard();
    assert.equal(await Deno.readTextFile(`${directory}/a`), "old");
    assert.deepEqual(await names(directory), ["a"]);
  }));

Deno.test("a link stays a link, its target is replaced", () =>
  withFolder(async (directory) => {
    await Deno.writeTextFile(`${directory}/target`, "old");
    await Deno.symlink("target", `${directory}/link`);
    const file = OutputFile.create(`${directory}/link`);
    file.write("new");
    file.complete();
    assert.equal(await Deno.readTextFile(`${directory}/target`), "new");
    assert.equal(await Deno.readLink(`${directory}/link`), "target");
  }));

Deno.test("a pipe is written as it is, not replaced", () =>
  withFolder(async (directory) => {
    const pipe = `${directory}/pipe`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const reader = new Deno.Command("timeout", { args: ["10", "cat", pipe], stdout: "piped" })
      .spawn();
    const file = OutputFile.create(pipe);
    file.write("through the pipe");
    file.complete();
    const { stdout } = await reader.output();
    assert.equal(new TextDecoder().decode(stdout), "through the pipe");
    assert.ok((await Deno.stat(pipe)).isFifo);
  }));

Deno.test({
  name: "a link to the standard output stays one, and is written through",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (directory) => {
      const link = `${directory}/stdout`;
      await Deno.symlink("/proc/self/fd/1", link);
      const module = new URL("../../src/cli/output_file.ts", import.meta.url).href;
      const script = `import { OutputFile } from ${JSON.stringify(module)};
        const file = OutputFile.create(${JSON.stringify(link)});
        file.write("through the link");
        file.complete();`;
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--ext=ts", script],
        stderr: "inherit",
      }).output();
      assert.equal(new TextDecoder().decode(stdout), "through the link");
      assert.equal(await Deno.readLink(link), "/proc/self/fd/1");
    }),
});
