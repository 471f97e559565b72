// What the tests of the page share: a browser with a software adapter, a server, pictures.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";

// The packages are installed beside the build, not beside the tests.
const require = createRequire(join(process.env.LAPIDARY_WEB_TOOLS, "package.json"));
export const { chromium } = require("playwright-core");
export const { PNG } = require("pngjs");

export const lapidary = process.env.LAPIDARY;
export const folder = process.env.LAPIDARY_WEB_TEST;
export const bundle = process.env.LAPIDARY_WEB;

/** Runs the program and returns what it prints. */
export const run = (...args) => execFileSync(lapidary, args, { encoding: "utf8" });

// Without the first two the page has no adapter; without the last two its canvas stays blank in pictures of the page.
const WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];
const QUIET = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = (webgpu = true) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...QUIET, ...(webgpu ? WEBGPU : [])],
  });

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves the bundle, and files by their names; returns the server's address and a way to stop it. */
export async function serve(files) {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://localhost").pathname).slice(1) || "index.html";
    const file = files.find(file => basename(file) === name) ?? join(bundle, name);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const body = readFileSync(file);
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/** A page that fails the test with any error of its scripts. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 640, height: 360 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", error => page.errors.push(error.message));
  page.on("console", message => {
    if (process.env.VERBOSE) console.log(message.type(), message.text());
    if (message.type() === "error") page.errors.push(message.text());
  });
  await page.goto(address);
  return page;
}

export const status = page => page.locator("#status").textContent();

/** Waits until a check of the page holds, a minute at most. */
export async function until(page, what, check) {
  const end = Date.now() + 60_000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what} has not happened; the page says: ${await status(page)} ${page.errors}`);
    await page.waitForTimeout(250);
  }
}

/** Presses a key that saves a file, and returns where it was kept. */
export async function saved(page, key, name) {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 60_000 }), page.keyboard.press(key)]);
  const path = join(folder, name);
  await download.saveAs(path);
  return path;
}

export const picture = path => PNG.sync.read(readFileSync(path));

/** The mean difference of two pictures of one size, in grey levels. */
export function difference(one, other) {
  if (one.width !== other.width || one.height !== other.height) {
    throw new Error(`${one.width}x${one.height} beside ${other.width}x${other.height}`);
  }
  let sum = 0;
  for (let at = 0; at < one.data.length; at++) {
    if (at % 4 !== 3) sum += Math.abs(one.data[at] - other.data[at]);
  }
  return sum / (one.width * one.height * 3);
}

/** The part of a picture that is unlike its first pixel, the background. */
export function filled({ width, height, data }) {
  let unlike = 0;
  for (let at = 0; at < data.length; at += 4) {
    if ([0, 1, 2].some(channel => Math.abs(data[at + channel] - data[channel]) > 20)) unlike++;
  }
  return unlike / (width * height);
}
