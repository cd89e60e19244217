// The walled garden as a contained customer meets it, in a real browser: light and dark, with scripts and without, by
// keyboard alone, in six languages. Then, once the machine is clean, the button that lets them out.
//
// NIGHTDESK_GARDEN is the garden's address, NIGHTDESK_LINE the contained line's; the garden must believe our
// X-Forwarded-For. NIGHTDESK_PHASE is `contained` or `cleaned`. NIGHTDESK_SCREENSHOTS names a folder for pictures.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { NIGHTDESK_GARDEN: base, NIGHTDESK_LINE: line, NIGHTDESK_PHASE: phase, NIGHTDESK_SCREENSHOTS: pictures } = process.env;
assert.ok(base && line && phase, "see the head of garden.mjs");

const WORDS = {
  en: "Part of your line is blocked", de: "Ein Teil Ihres Anschlusses ist gesperrt",
  es: "Una parte de su línea está bloqueada", fr: "Une partie de votre ligne est bloquée",
  nl: "Een deel van uw aansluiting is geblokkeerd", tr: "Hattınızın bir bölümü engellendi",
};

async function customer(browser, { scheme = "light", scripts = true, locale = "en", width = 390, from = line }) {
  const context = await browser.newContext({
    baseURL: base, colorScheme: scheme, javaScriptEnabled: scripts, locale, viewport: { width, height: 844 },
    extraHTTPHeaders: { "X-Forwarded-For": from },
  });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => { if (message.type() === "error") wrong.push(message.text()); });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(base).origin) wrong.push(`off origin: ${request.url()}`);
  });
  return { context, page, wrong };
}

async function accessible(page, what) {
  // The page's own policy allows no script: the checker comes in by the browser's own door.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const found = await session.send("Runtime.evaluate", {
    expression: "axe.run({ resultTypes: ['violations'] }).then((run) => run.violations.map((one) => one.id + ': ' + one.nodes[0].html))",
    awaitPromise: true, returnByValue: true,
  });
  assert.deepEqual(found.result.value, [], `${what}: accessibility`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what}: ${wide} px wider than the screen`);
}

async function picture(page, name) {
  if (pictures) await page.screenshot({ path: path.join(pictures, `garden-${name}.png`), fullPage: true });
}

async function contained(browser) {
  for (const [locale, title] of Object.entries(WORDS)) {
    for (const scheme of ["light", "dark"]) {
      const { context, page, wrong } = await customer(browser, { locale, scheme });
      // Whatever was asked for leads here.
      await page.goto("/some/page?of=theirs");
      assert.equal(await page.locator("h1").textContent(), title);
      assert.equal(await page.locator("html").getAttribute("lang"), locale);
      assert.match(await page.locator("main").textContent(), /48613/, "what was seen names the port");
      await accessible(page, `${locale} ${scheme}`);
      await picture(page, `${locale}-${scheme}`);
      assert.deepEqual(wrong, [], `${locale} ${scheme}`);
      await context.close();
    }
  }
  const { context, page } = await customer(browser, { scripts: false, locale: "en" });
  await page.goto("/");
  await page.getByRole("link", { name: "Deutsch" }).click();
  assert.equal(await page.locator("h1").textContent(), WORDS.de, "a language is one click away, without scripts");
  await context.close();
  const other = await customer(browser, { from: "192.0.2.99" });
  await other.page.goto("/");
  assert.equal(await other.page.getByRole("button").count(), 0, "who is no line of ours has nothing to press");
  await other.context.close();
  console.log("garden: contained, told in six languages, light and dark, without scripts");
}

/** Presses the button by keyboard alone. */
async function press(page) {
  const button = page.getByRole("button", { name: "Test my line now" });
  const focused = () => button.evaluate((one) => one === document.activeElement);
  for (let tab = 0; tab < 40 && !(await focused()); tab += 1) await page.keyboard.press("Tab");
  assert.ok(await focused(), "the button is reached by keyboard");
  await page.keyboard.press("Enter");
}

async function cleaned(browser) {
  const { context, page } = await customer(browser, { scripts: false, locale: "en" });
  await page.goto("/");
  const released = page.getByText("Your line is clean. The block has ended.");
  const atWork = page.getByText("traffic was going through your line a few minutes ago");
  await press(page);
  let began = Date.now();
  await released.or(atWork).waitFor({ timeout: 60_000 });
  if (await atWork.isVisible()) {
    // Our flows saw the proxy at work within the last two minutes: who does as the page says is let out.
    await picture(page, "at-work");
    console.log("garden: relaying was seen a moment ago, so the test waits");
    await page.waitForTimeout(130_000);
    await page.goto("/");
    await press(page);
    began = Date.now();
    await released.waitFor({ timeout: 60_000 });
  }
  assert.equal(await page.locator("h1").textContent(), "Your line is free");
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  await picture(page, "released");
  const answer = await context.request.get("/generate_204", { headers: { "X-Forwarded-For": line } });
  assert.equal(answer.status(), 204, "the telephone's own window closes by itself");
  await context.close();
  console.log(`garden: cleaned, tested by keyboard alone without scripts, released ${seconds} s after the button`);
}

const browser = await chromium.launch({ executablePath: process.env.NIGHTDESK_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  await (phase === "contained" ? contained(browser) : cleaned(browser));
} finally {
  await browser.close();
}
