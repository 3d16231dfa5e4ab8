// Starts a browser: the Chromium that npm brings, for Linux on x86_64, else one that is installed. LANG=C would
// have it end in an unknown language, so it gets one.
import { existsSync } from "node:fs";
import { execFileSync } from "node:child_process";

const language = "--lang=en-US";

// installed are those of the system, the one that is asked for first.
function installed() {
  const found = [];
  for (const name of [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]) {
    if (!name) continue;
    if (name.includes("/")) {
      if (existsSync(name)) found.push(name);
      continue;
    }
    try {
      found.push(execFileSync("/bin/sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" }).trim());
    } catch {
      // it is not there
    }
  }
  return found;
}

// candidates are the browsers to try, each with how it is started.
async function candidates(failures) {
  const all = installed().map((path) => ({ path, args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"] }));
  if (process.platform === "linux" && process.arch === "x64") {
    try {
      const { default: chromium } = await import("@sparticuz/chromium");
      const one = { path: await chromium.executablePath(), args: chromium.args };
      if (process.env.CHROMIUM) all.push(one);
      else all.unshift(one);
    } catch (error) {
      failures.push("the Chromium of npm: " + error.message);
    }
  }
  return all;
}

// start answers with a browser, or says of each why it does not run.
export async function start() {
  const failures = [];
  let puppeteer;
  try {
    ({ default: puppeteer } = await import("puppeteer-core"));
  } catch (error) {
    throw new Error("puppeteer-core is not installed: make test and make pictures do it, by npm ci in test/browser (" + error.message.split("\n")[0] + ")");
  }
  for (const one of await candidates(failures)) {
    try {
      return await puppeteer.launch({ executablePath: one.path, args: [...one.args, language], headless: "shell", timeout: 60000, env: { ...process.env, LANG: "en_US.UTF-8" } });
    } catch (error) {
      failures.push(one.path + ": " + error.message.split("\n")[0]);
    }
  }
  throw new Error("no browser runs here: " + (failures.join("; ") || "none is installed"));
}
