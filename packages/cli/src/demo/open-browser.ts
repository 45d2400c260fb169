import { spawn } from "node:child_process";

/** Whether a person sits in front of a screen here. */
export function hasScreen(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (environment["CI"] || !process.stdout.isTTY) return false;
  if (platform === "darwin" || platform === "win32") return true;
  return Boolean(environment["DISPLAY"] ?? environment["WAYLAND_DISPLAY"]);
}

/** Opens an address in the person's browser; that there is none is no failure. */
export function openBrowser(url: string, platform: NodeJS.Platform = process.platform): void {
  const command = platform === "darwin" ? "open" : platform === "win32" ? "explorer" : "xdg-open";
  const child = spawn(command, [url], { stdio: "ignore", detached: true });
  child.on("error", () => {
    // No browser here; the address stands on the terminal.
  });
  child.unref();
}
