// How much memory a process has, now and at most.

export interface Memory {
  readonly residentMiB: number;
  /** Since it was started. */
  readonly peakMiB: number;
}

/** By /proc, which another program has to read: Deno opens it for nobody but who may do everything. */
export async function memoryOf(pid: number): Promise<Memory> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const status = new TextDecoder().decode(stdout);
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) / 1_024;
  return { residentMiB: mib("VmRSS"), peakMiB: mib("VmHWM") };
}
