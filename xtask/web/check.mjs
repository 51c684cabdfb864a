// Checks the page of examples/web-preview in a real browser: every distinct screen of every story.
// node check.mjs PAGE SCREENSHOTS MODULES: prints one line of JSON for each check, and one for each way of breaking the page.

import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { inPage } from "./in-page.mjs";
import { mutants } from "./mutants.mjs";

const [folder, screenshots, modules] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const PAGE = pathToFileURL(join(folder, "index.html")).href;
const PHONE = { width: 360, height: 740 };
/** WCAG 2.2 up to AA, and what axe calls best practice. */
const AXE = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations", "incomplete"] };
const THEMES = {
  light: {},
  dark: { colorScheme: "dark" },
  "high contrast": { contrast: "more" },
  "dark, high contrast": { colorScheme: "dark", contrast: "more" },
};
const PLAIN = { colorScheme: "light", contrast: "no-preference", forcedColors: "none", reducedMotion: "no-preference" };
/** WCAG 1.4.10 (320 px), 1.4.4 (200 %, as zoom and as text size alone) and 1.4.12 (text spacing). */
const SIZES = {
  "320 px": { width: 320, height: 568 },
  "200 % zoom": { width: 640, height: 512 },
  "200 % text": { width: 320, height: 568, css: "html { font-size: 200% }" },
  "text spacing": {
    width: 320,
    height: 568,
    css: "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }",
  },
};

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const requests = [];

/** A page that is like a phone unless told otherwise. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: PHONE, ...options });
  const page = await context.newPage();
  page.on("request", (request) => { if (!request.url().startsWith("file:")) requests.push(request.url()); });
  page.on("pageerror", (error) => { throw error; });
  await page.goto(PAGE);
  return page;
}

async function prepared() {
  const page = await open();
  await page.emulateMedia(PLAIN);
  await page.evaluate(axe.source);
  await page.evaluate(inPage);
  return page;
}

const checks = {
  async axe(page) {
    const { violations, incomplete } = await page.evaluate((options) => globalThis.axe.run(document, options), AXE);
    return [...violations, ...incomplete].map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].failureSummary.split("\n")[1]}`);
  },
  tree: async (page) => treeProblems(await page.evaluate(() => checks.described()), await axTree(page)),
  keyboard: keyboardProblems,
  offline: async () => requests.splice(0),
};

for (const name of ["primary", "targets", "stops", "direction", "contrast", "reflow", "forced colours", "reduced motion"]) {
  checks[name] = (page) => page.evaluate((check) => globalThis.checks[check](), name);
}

/** What the browser tells a screen reader, in reading order. */
async function axTree(page) {
  const session = (page.cdp ??= await page.context().newCDPSession(page));
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const known = new Map(nodes.map((node) => [node.nodeId, node]));
  const order = [];
  const visit = (id) => {
    const node = known.get(id);
    if (!node) return;
    if (!node.ignored) {
      const properties = Object.fromEntries((node.properties ?? []).map(({ name, value }) => [name, value.value]));
      order.push({ role: node.role.value, name: node.name?.value ?? "", description: node.description?.value ?? "", ...properties });
    }
    node.childIds?.forEach(visit);
  };
  visit(nodes[0].nodeId);
  return order;
}

function treeProblems(page, tree) {
  const problems = [];
  const found = (role, test) => tree.filter((node) => node.role === role && test(node));
  if (found("heading", ({ name, level }) => name === page.title && level === 2).length !== 1) problems.push(`"${page.title}" is no heading`);
  if (found("region", ({ name }) => name === page.title).length !== 1) problems.push("the screen is no region");
  if (found("StaticText", ({ name }) => name === page.status).length === 0) problems.push(`"${page.status}" is not read`);
  for (const [role, live] of [["status", "polite"], ["alert", "assertive"]]) {
    const regions = found(role, (node) => node.live === live && node.atomic === true);
    if (regions.length < 1) problems.push(`there is no ${live} region that is read as a whole`);
  }
  const buttons = found("button", () => true).map(({ name }) => name);
  for (const label of page.labels) {
    if (!buttons.some((name) => name.startsWith(label))) problems.push(`no button is called "${label}"`);
  }
  for (const field of page.fields) {
    const node = tree.find(({ role, name }) => ["textbox", "spinbutton", "radio"].includes(role) && name.startsWith(field.label));
    if (!node) problems.push(`no field is called "${field.label}"`);
    else if (!field.described.every((text) => node.description.includes(text))) problems.push(`"${field.label}" is not tied to "${field.described}"`);
    else if (field.invalid && node.invalid !== "true") problems.push(`"${field.label}" is not marked as wrong`);
  }
  return problems;
}

/** Walks through the page by Tab alone, forwards and backwards, and presses the large button. */
async function keyboardProblems(page) {
  const expected = await page.evaluate(() => checks.stopsInOrder());
  const walk = async (key, from) => {
    await page.evaluate((at) => checks.startAt(at), from);
    for (let step = 0; step < expected.length; step += 1) await page.keyboard.press(key);
    return page.evaluate(() => checks.walked());
  };
  const compare = (key, seen, wanted) => {
    const odd = wanted.findIndex((name, index) => seen[index]?.name !== name);
    return odd < 0 ? [] : [`${key} reaches ${seen[odd]?.name ?? "nothing"}, not ${wanted[odd]}`];
  };
  const forwards = await walk("Tab", null);
  const problems = [...compare("Tab", forwards, expected), ...forwards.flatMap((stop) => stop.problems)];
  // Past the last one there is the browser itself, or where it has nothing of its own to reach, the first one again.
  await page.keyboard.press("Tab");
  const beyond = (await page.evaluate(() => checks.walked())).at(-1)?.name;
  if (problems.length === 0 && beyond !== expected.at(-1) && beyond !== expected[0]) problems.push(`Tab does not leave the page: ${beyond}`);
  const backwards = await walk("Shift+Tab", expected.at(-1));
  problems.push(...compare("Shift+Tab", backwards, [...expected].reverse().slice(1)));
  for (const key of ["Enter", "Space"]) {
    await page.evaluate(() => checks.listenToPrimary());
    await page.focus("#primary");
    await page.keyboard.press(key);
    if (!(await page.evaluate(() => checks.wasPressed()))) problems.push(`${key} does not press the large button`);
  }
  return problems;
}

const results = new Map(Object.keys(checks).map((name) => [name, { name, passes: 0, problems: [] }]));

function note(name, where, problems) {
  const result = results.get(name);
  result.passes += 1;
  for (const problem of problems) result.problems.push(`${where}: ${problem}`);
}

async function run(names, page, where) {
  for (const name of names) note(name, where, await checks[name](page));
}

/** Checks that need nothing but the page, on every place in one go. */
async function runEverywhere(names, page, places, language, where) {
  const found = await page.evaluate(([n, p, l]) => checks.everywhere(n, p, l), [names, places, language]);
  for (const { name, place, problems } of found) note(name, `${label(places[place])} ${where}`, problems);
}

const go = (page, { story, screen }, language) => page.evaluate(([s, n, l]) => checks.go(s, n, l), [story, screen, language]);
const label = ({ name, screen, step }) => `${name} ${screen + 1} (${step})`;

async function sweep() {
  const page = await prepared();
  const places = await page.evaluate(() => checks.places());
  const languages = await page.evaluate(() => preview.languages.map(({ tag }) => tag));
  const first = places.filter(({ step }, index) => places.findIndex((other) => other.step === step) === index);

  mkdirSync(screenshots, { recursive: true });
  for (const language of ["en", "ar"]) {
    for (const place of places) {
      await go(page, place, language);
      const where = `${label(place)} ${language}`;
      await run(["axe", "tree"], page, where);
      if (language === "en") await shoot(page, place.shot);
    }
    await runEverywhere(["primary", "targets", "stops", "direction"], page, places, language, language);
  }
  for (const place of first) {
    for (const language of ["en", "ar"]) {
      await go(page, place, language);
      await run(["keyboard"], page, `${label(place)} ${language}`);
    }
  }
  await followPaths(page);
  for (const [theme, media] of Object.entries(THEMES)) {
    await page.emulateMedia({ ...PLAIN, ...media });
    await runEverywhere(["contrast"], page, places, "en", theme);
    await go(page, places.at(-1), "en");
    await shoot(page, `theme ${theme}`);
  }
  await page.emulateMedia({ ...PLAIN, forcedColors: "active" });
  await runEverywhere(["forced colours"], page, places, "en", "");
  await shoot(page, "forced colours");
  await page.emulateMedia({ ...PLAIN, reducedMotion: "reduce" });
  await runEverywhere(["reduced motion"], page, places, "en", "");
  await page.emulateMedia(PLAIN);
  for (const [size, { css, ...viewport }] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    const style = css && (await page.addStyleTag({ content: css }));
    for (const language of languages) {
      await runEverywhere(["reflow"], page, places, language, `${language} ${size}`);
    }
    await go(page, places.at(-1), "de");
    await shoot(page, size);
    await style?.evaluate((node) => node.remove());
  }
  await run(["offline"], page, "all");
  await page.context().close();
  return places;
}

async function shoot(page, name) {
  await page.screenshot({ path: join(screenshots, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.png`), fullPage: true });
}

/** What only playing shows: live regions that were there before, announcements in them, and where the focus goes. */
async function followPaths(page) {
  const bare = await open({ javaScriptEnabled: false });
  const empty = await bare.locator("[aria-live]").evaluateAll((regions) => regions.map((region) => region.textContent));
  note("tree", "before any script", empty.length >= 2 && empty.every((text) => text === "") ? [] : ["the live regions are not there, empty"]);
  await bare.context().close();
  for (const { step, said, focus } of await page.evaluate(() => checks.paths())) {
    const problems = await page.evaluate(([s, f]) => checks.follow(s, f), [said, focus]);
    note("tree", `playing to ${step}`, problems);
  }
}

/** Breaks the page in each way, and sees the check that is for it fail. */
async function selfTest(places) {
  const page = await prepared();
  for (const mutant of mutants) {
    await page.goto(PAGE);
    await page.evaluate(axe.source);
    await page.evaluate(inPage);
    await page.emulateMedia({ ...PLAIN, ...mutant.media });
    await page.setViewportSize(mutant.viewport ?? PHONE);
    const place = places.find(mutant.at ?? (() => true));
    await go(page, place, mutant.language ?? "en");
    const before = await checks[mutant.check](page);
    await go(page, place, mutant.language ?? "en");
    await page.evaluate(mutant.break);
    if (mutant.again) await go(page, place, mutant.language ?? "en");
    await page.waitForTimeout(mutant.wait ?? 0);
    const after = await checks[mutant.check](page);
    console.log(JSON.stringify({ mutant: mutant.what, check: mutant.check, found: before.length === 0 && after.length > 0, saw: after[0] ?? before[0] ?? null }));
  }
  await page.context().close();
}

const places = await sweep();
for (const { name, passes, problems } of results.values()) {
  console.log(JSON.stringify({ check: name, times: passes, problems: [...new Set(problems)].slice(0, 20), count: problems.length }));
}
await selfTest(places);
await browser.close();
