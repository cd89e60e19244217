// One page as an operator sees it: logs in, goes there, prints its words, and takes pictures in light and dark and as a
// telephone shows it. It must satisfy axe, be no wider than the telephone, and be reached by the keyboard.
//
//   node look.mjs NAME PATH
//
// Wants NIGHTDESK_URL, NIGHTDESK_OPERATOR and NIGHTDESK_PASSWORD of a running desk, and NIGHTDESK_SCREENSHOTS, a folder
// for NAME-dark.png, NAME-light.png and NAME-phone.png. NIGHTDESK_CHROMIUM names the browser.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const wanted = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see the head of look.mjs`);
  return value;
};
const [name, where] = process.argv.slice(2);
if (!where) throw new Error("usage: node look.mjs NAME PATH");
const [base, pictures] = [wanted("NIGHTDESK_URL"), wanted("NIGHTDESK_SCREENSHOTS")];

const browser = await chromium.launch({
  executablePath: process.env.NIGHTDESK_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
});
try {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  await page.goto("/login");
  await page.getByLabel("Operator").fill(wanted("NIGHTDESK_OPERATOR"));
  await page.getByLabel("Password").fill(wanted("NIGHTDESK_PASSWORD"));
  await page.getByLabel("Password").press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await page.goto(where);
    await page.screenshot({ path: path.join(pictures, `${name}-${colorScheme}.png`), fullPage: true });
    await accessible(page, colorScheme);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(where);
  await page.screenshot({ path: path.join(pictures, `${name}-phone.png`), fullPage: true });
  await accessible(page, "phone");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${where} is ${width} px wide on a telephone of 390`);
  await walked(page);
  await page.setViewportSize({ width: 1400, height: 900 });
  console.log(await page.locator("body").innerText());
} finally {
  await browser.close();
}

/** Tab goes through everything that can be used, each thing once and seen, and comes back to where it began. */
async function walked(page) {
  const usable = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
    const shown = all.filter((one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }));
    shown.forEach((one, number) => { one.dataset.stop = number; });
    return shown.map((one) => one.outerHTML.slice(0, 90));
  });
  assert.ok(usable.length > 0, "nothing on the page can be used");
  const reached = new Set();
  for (let presses = 0; presses <= usable.length + 1; presses += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      if (one?.dataset.stop === undefined) return null;
      const ring = [one, ...one.querySelectorAll("*")].some((part) => {
        const style = getComputedStyle(part);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
      });
      const { top, bottom } = one.getBoundingClientRect();
      return { stop: Number(one.dataset.stop), ring, inView: bottom > 0 && top < window.innerHeight };
    });
    if (!at) continue;
    assert.ok(at.ring, `the keyboard's place is not seen: ${usable[at.stop]}`);
    assert.ok(at.inView, `the keyboard's place is out of view: ${usable[at.stop]}`);
    reached.add(at.stop);
  }
  const missed = usable.filter((_, number) => !reached.has(number));
  assert.deepEqual(missed, [], "the keyboard does not reach these");
}

/** Evaluated by the debugger and not as a script of the page, so that the page's own policy stays as it is. */
async function accessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], `${where}, ${what}: accessibility`);
}
