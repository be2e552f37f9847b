// The files of a replay: opened, and told apart when something is wrong with one of them.

import { readFailure } from "../config/secrets.ts";
import { LineReader } from "../replay/line_reader.ts";
import { OddFile } from "../replay/odd_file.ts";
import { BrokenLine } from "../replay/recording_reader.ts";
import type { ReplayFlags } from "./flags.ts";
import { OutputFile } from "./output_file.ts";

/** A file that cannot be used; the message names it. */
export class FileProblem extends Error {}

/** Opens a file to be read. Throws FileProblem. */
export function openLines(path: string): LineReader {
  try {
    return new LineReader(path);
  } catch (error) {
    if (error instanceof OddFile) throw new FileProblem(`${path}: ${error.message}`);
    throw new FileProblem(`${path} cannot be read (${readFailure(error)})`);
  }
}

/** Begins a file that takes its place when it is complete. Throws FileProblem. */
export function createOutput(path: string): OutputFile {
  try {
    return OutputFile.create(path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** A file that could not be written, for this reason. */
export function unwritable(path: string, error: unknown): FileProblem {
  return new FileProblem(`${path} cannot be written (${writeFailure(error)})`);
}

function writeFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such folder";
  if (error instanceof Deno.errors.BrokenPipe) return "nobody reads it any more";
  const reason = readFailure(error);
  // Such as a disk that is full, which Deno has no name for.
  return reason === "Error" ? (error as Error).message : reason;
}

/** What is wrong with a file that is being played, as a sentence; undefined: it is not the file. */
export function problemIn(file: string, error: unknown): string | undefined {
  if (error instanceof FileProblem) return error.message;
  if (error instanceof BrokenLine) return `${file}:${error.line}: ${error.message}`;
  return error instanceof OddFile ? `${file}: ${error.message}` : undefined;
}

/** The file that is written for `--update`; undefined: none is. */
export function updatedFile({ update, expect }: ReplayFlags, file: string): string | undefined {
  return update ? expect ?? `${file}.expected.jsonl` : undefined;
}

/** Why these files do not go together; undefined: they do. */
export function overwritten(flags: ReplayFlags, file: string): string | undefined {
  const { trace, expect } = flags;
  const updated = updatedFile(flags, file);
  if (flags.update && expect === undefined && isDevice(file)) {
    return `--update writes beside the recording, and ${file} is a pipe or a device; --expect names another file`;
  }
  const read = [file, ...expect === undefined || flags.update ? [] : [expect]];
  for (const [flag, path] of [["--update", updated], ["--trace", trace]] as const) {
    if (path === undefined) continue;
    if (read.some((other) => isSame(path, other))) {
      return `${flag} would overwrite ${path}, which is to be read`;
    }
  }
  return trace !== undefined && updated !== undefined && isSame(trace, updated)
    ? `--trace and --update would both write ${trace}`
    : undefined;
}

/** A device may be read and written. */
function isSame(one: string, other: string): boolean {
  if (one === other) return !isDevice(one);
  try {
    return Deno.realPathSync(one) === Deno.realPathSync(other) && !isDevice(one);
  } catch {
    return false;
  }
}

function isDevice(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return !isFile && !isDirectory;
  } catch {
    return false;
  }
}
