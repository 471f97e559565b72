// The viewer in a real browser: it shows what the program renders, is turned by the mouse, and opens as one file without a network.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { PNG, bundle, difference, filled, folder, lapidary, launch, open, picture, run, saved, serve, status, until } from "./support.mjs";

let browser, server;
const gems = join(folder, "gems");
const scene = join(gems, "scene.safetensors");
const compact = join(folder, "gems.lapidary");
const exported = join(folder, "gems.html");

before(async () => {
  run("synth", "--out", gems, "--views", "8", "--test-views", "2", "--size", "64x48");
  run("convert", scene, compact);
  run("convert", scene, exported);
  server = await serve([scene, compact]);
  browser = await launch();
});

after(async () => {
  await browser.close();
  server.stop();
});

/** Saves what the page shows, and compares it with what the program renders from the page's camera. */
async function compare(page, file, name) {
  const seen = await saved(page, "p", `${name}.png`);
  const camera = await saved(page, "Shift+P", `${name}.json`);
  const { width, height } = picture(seen);
  const rendered = join(folder, `${name}-rendered.png`);
  run("render", file, "--cameras", camera, "--size", `${width}x${height}`, "--out", rendered);
  assert.ok(filled(picture(seen)) > 0.1, "there is something to see");
  return difference(picture(seen), picture(rendered));
}

const shown = async page => {
  await until(page, "the scene is shown", async () => (await status(page)) === "");
  await page.keyboard.press("Tab");
  // A key that is pressed before the panel is gone would save a picture of another size.
  const seen = async () => PNG.sync.read(await page.screenshot());
  let before = await seen();
  await until(page, "the picture is finished", async () => {
    await page.waitForTimeout(2000);
    const now = await seen();
    const is_finished = filled(now) > 0.1 && difference(before, now) === 0;
    before = now;
    return is_finished;
  });
};

test("a scene that the address names looks as the program renders it, also when it was turned", async () => {
  const page = await open(browser, `${server.address}?scene=scene.safetensors`);
  await shown(page);
  assert.ok((await compare(page, scene, "first")) < 1);
  const before = picture(join(folder, "first.png"));
  await page.mouse.move(300, 180);
  await page.mouse.down();
  await page.mouse.move(420, 150, { steps: 6 });
  await page.mouse.up();
  await page.waitForTimeout(3000);
  assert.ok((await compare(page, scene, "turned")) < 1);
  assert.ok(difference(before, picture(join(folder, "turned.png"))) > 3, "the mouse turns it");
  // What is on the screen is what was saved.
  const screen = join(folder, "screen.png");
  await until(page, "the screen shows what was saved", async () => {
    await page.screenshot({ path: screen });
    return difference(picture(screen), picture(join(folder, "turned.png"))) < 2;
  });
  assert.deepEqual(page.errors, []);
});

test("a scene is served with the viewer, and two fingers move it", async context => {
  const serving = spawn(lapidary, ["view", compact, "--serve", "127.0.0.1:0"]);
  context.after(() => serving.kill("SIGKILL"));
  const line = await new Promise(resolve => serving.stdout.once("data", data => resolve(String(data))));
  const page = await open(browser, line.split(" ")[0], { hasTouch: true });
  await shown(page);
  assert.ok((await compare(page, compact, "served")) < 1);
  const touch = await page.context().newCDPSession(page);
  const fingers = async (type, ...points) =>
    touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await fingers("touchStart", [280, 180], [360, 180]);
  for (let at = 1; at <= 5; at++) await fingers("touchMove", [280 - 8 * at, 180], [360 + 8 * at, 180]);
  await fingers("touchEnd");
  await page.waitForTimeout(3000);
  const before = JSON.parse(readFileSync(join(folder, "served.json"))).frames[0].transform_matrix;
  const after = JSON.parse(readFileSync(await saved(page, "Shift+P", "pinched.json"))).frames[0].transform_matrix;
  const moved = Math.hypot(...[0, 1, 2].map(row => after[row][3] - before[row][3]));
  const turned = Math.hypot(...[0, 1, 2].map(row => after[row][2] - before[row][2]));
  assert.ok(moved > 0.1 && turned < 1e-3, `moved by ${moved}, turned by ${turned}`);
  assert.deepEqual(page.errors, []);
  serving.kill("SIGINT");
  assert.equal(await new Promise(resolve => serving.once("exit", resolve)), 0);
});

test("a page of one file opens from the disk, without a network", async () => {
  const page = await open(browser, pathToFileURL(exported).href, { offline: true });
  await shown(page);
  assert.ok((await compare(page, compact, "exported")) < 1);
  assert.deepEqual(page.errors, []);
});

test("what cannot be shown is one sentence", async () => {
  const missing = await open(browser, `${server.address}?scene=nothing.lapidary`);
  await until(missing, "the page says what is missing", async () => (await status(missing)).includes("404"));
  const blind = await launch(false);
  const page = await open(blind, `${server.address}?scene=gems.lapidary`);
  await until(page, "the page says why", async () => /WebGPU/.test(await status(page)));
  await blind.close();
});

test("the viewer is below four megabytes", () => {
  const bytes = gzipSync(readFileSync(join(bundle, "lapidary_bg.wasm")), { level: 9 }).length;
  assert.ok(bytes < 4e6, `${bytes} bytes`);
  assert.ok(statSync(exported).size < 2 * 4e6);
});
