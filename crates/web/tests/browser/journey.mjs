// A walk through the pages as an operator sees them: light and dark, with scripts and without, once by keyboard alone.
//
// Wants NIGHTDESK_URL, NIGHTDESK_OPERATOR and NIGHTDESK_PASSWORD of a desk with at least one open case that holds
// marked evidence and, for the release, a standing block (NIGHTDESK_CASE names it; else the first such one is taken).
// NIGHTDESK_EXPOSURE is the page of a scanner that touched some lines and was answered by one; without it nobody looks back.
// NIGHTDESK_SCREENSHOTS names a folder for pictures; NIGHTDESK_CHROMIUM the browser.
//
// The release happens once, in the first walk; the later walks see it lifted. Prints one line per walk; exits 1 at the
// first thing that is not as an operator needs it.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const wanted = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see the head of journey.mjs`);
  return value;
};
const base = new URL(wanted("NIGHTDESK_URL"));
const operator = wanted("NIGHTDESK_OPERATOR");
const password = wanted("NIGHTDESK_PASSWORD");
const pictures = process.env.NIGHTDESK_SCREENSHOTS;
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const REASON = "owner called: the device is unplugged";

const at = (where) => new URL(where, base).href;
const visible = (locator) => locator.waitFor({ state: "visible", timeout: 10_000 });

/** One operator at one screen; whatever goes wrong in the browser is kept in `wrong`. */
async function sitDown(browser, { name, scheme = "dark", scripts = true, width = 1400, height = 900 }) {
  const context = await browser.newContext({
    baseURL: base.href, colorScheme: scheme, javaScriptEnabled: scripts, viewport: { width, height }, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`page error: ${error.message}`));
  page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    if (!why.includes("ERR_ABORTED")) wrong.push(`failed: ${request.url()} ${why}`);
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== base.origin && !request.url().startsWith("data:")) wrong.push(`off origin: ${request.url()}`);
  });
  if (scripts) {
    await context.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
  }
  return { name, scripts, context, page, wrong };
}

async function picture(desk, what, fullPage = true) {
  if (!pictures) return;
  fs.mkdirSync(pictures, { recursive: true });
  await desk.page.screenshot({ path: path.join(pictures, `${desk.name}-${what}.png`), fullPage });
}

/** What every page must be: accessible, no wider than the screen, free of violations. */
async function check(desk, what) {
  const { page } = desk;
  assert.equal(await page.locator("h1").count(), 1, `${what}: one heading names the page`);
  if (!desk.scripts) assert.equal(await page.locator("button[type=button]:visible").count(), 0, `${what}: a button that does nothing`);
  if (desk.scripts) {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${what}: ${wide} px wider than the screen`);
    const violations = await page.evaluate(() => window.violations ?? []);
    assert.deepEqual(violations, [], `${what}: content security policy`);
    await accessible(page, what);
    await bigEnough(page, what);
  }
  await picture(desk, what);
  assert.deepEqual(desk.wrong, [], what);
}

/** Evaluated by the debugger and not as a script of the page, so that the page's own policy stays as it is. */
async function accessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], `${what}: accessibility`);
}

/** WCAG 2.2, 2.5.8: a target outside a sentence is at least 24 px high; on a map of prefixes it need not be (the exception
 *  called "Equivalent"), for the list beside it holds the same addresses. */
async function bigEnough(page, what) {
  const small = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, textarea")]
    .filter((one) => one.checkVisibility() && !one.closest("p.dim, .empty, .banner, .skip, dialog, svg.net, svg.heatmap") && !one.matches(".skip"))
    .map((one) => ({ text: (one.innerText || one.name || "").slice(0, 40), box: one.getBoundingClientRect() }))
    .filter(({ box }) => box.height < 23.5 || box.width < 23.5)
    .map(({ text, box }) => `${text}: ${box.width.toFixed(0)}x${box.height.toFixed(0)}`));
  assert.deepEqual(small, [], `${what}: targets too small to hit`);
}

async function logIn(desk) {
  const { page } = desk;
  await page.goto(at("/"));
  await visible(page.getByRole("heading", { name: "Log in" }));
  await check(desk, "login");
  await page.getByLabel("Operator").fill(operator);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await visible(page.getByRole("heading", { level: 1, name: "Queue" }));
}

async function lookAtTheQueue(desk) {
  const { page } = desk;
  const clock = page.locator("[data-row] .clock").first();
  await visible(clock);
  assert.match(await clock.innerText(), /left|overdue|no clock/);
  assert.ok((await page.locator("[data-row] .badge").first().innerText()).trim().length > 2, "a stage is a word");
  if (desk.scripts) {
    await visible(page.locator("[data-plot=hours] canvas"));
    const seen = await page.evaluate(() => document.querySelector("[data-plot=hours]").plot.scales.x.max
      - Number(document.querySelector("#hours tbody tr:last-child").dataset.at));
    assert.ok(seen >= 3600, "the hour that runs now is drawn too");
  } else await visible(page.locator("[data-plot=hours] svg"));
  await page.getByText("As a table").click();
  await visible(page.getByRole("table", { name: /activity per hour/i }));
  assert.equal(await page.locator("#hours tbody tr").count(), 48);
  await check(desk, "queue");
}

/** The case to be released: the one named, or the first contained one. */
async function findCase(desk) {
  const named = process.env.NIGHTDESK_CASE;
  const { page } = desk;
  await page.getByRole("searchbox").fill(named ?? "stage:contained");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/\?q=/);
  const link = page.locator("[data-row] [data-open]").first();
  await visible(link);
  return (await link.getAttribute("href")).split("/").pop();
}

async function openCase(desk, id) {
  const { page } = desk;
  await page.locator(`[data-open][href="/case/${id}"]`).click();
  await page.waitForURL(new RegExp(`/case/${id}$`));
  await visible(page.getByRole("heading", { level: 2, name: "Next step" }));
  const mark = page.locator("mark").first();
  await visible(mark);
  assert.ok((await mark.locator(".claim").innerText()).trim().length > 3, "a claim says what it claims");
  const colours = await mark.evaluate((one) => [getComputedStyle(one).backgroundColor, getComputedStyle(one.parentElement).backgroundColor]);
  assert.notEqual(colours[0], colours[1], "a claim stands out");
  if (desk.scripts) await focusIsOnTheHeading(page);
  await check(desk, "case");
}

async function focusIsOnTheHeading(page) {
  await page.waitForFunction(() => document.activeElement?.tagName === "H1", null, { timeout: 5000 });
}

async function askWhy(desk, id) {
  const { page } = desk;
  await page.getByRole("link", { name: "Show the chain to the bytes" }).click();
  await page.waitForURL(new RegExp(`/why/${id}$`));
  await visible(page.locator(".chain blockquote").first());
  const steps = await page.locator(".chain .step").allInnerTexts();
  assert.ok(steps.indexOf("case") >= 0 && steps.length >= 3, `the chain is ${steps}`);
  await check(desk, "why");
  await page.goBack();
  await visible(page.getByRole("heading", { level: 2, name: "Next step" }));
  await page.goForward();
  await visible(page.locator(".chain blockquote").first());
  await page.getByRole("link", { name: `Back to ${id}` }).click();
  await page.waitForURL(new RegExp(`/case/${id}$`));
  await visible(page.getByRole("heading", { level: 2, name: "Next step" }));
}

/** The bytes come as a download and are never shown. */
async function takeTheBytes(desk) {
  const link = desk.page.getByRole("link", { name: "Download the bytes" }).first();
  const [download] = await Promise.all([desk.page.waitForEvent("download"), link.click()]);
  assert.match(download.suggestedFilename(), /^evidence-[0-9a-f]{12}\.txt$/);
  await download.delete();
}

async function release(desk, id) {
  const { page } = desk;
  const button = page.getByRole("button", { name: "Release the line" });
  await button.click();
  assert.ok(page.url().endsWith(`/case/${id}`), "without a reason nothing is sent");
  await page.getByLabel("Reason").fill(REASON);
  await button.click();
  await page.waitForURL(/done=release/);
  await visible(page.locator(".banner", { hasText: "Released. The blocks are lifted" }));
  if (desk.scripts) await page.waitForFunction(() => document.querySelector("#live").textContent.includes("Released"));
  await seeLifted(desk);
  await check(desk, "released");
}

async function seeLifted(desk) {
  const { page } = desk;
  await visible(page.locator(".blocks li.over", { hasText: /lifted/ }).first());
  assert.equal(await page.locator(".blocks li.standing").count(), 0, "no block stands");
  await visible(page.locator(".timeline", { hasText: REASON }));
}

async function changeTheTheme(desk) {
  const { page } = desk;
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const before = await ground();
  const other = (await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches)) ? "Light theme" : "Dark theme";
  await page.getByRole("button", { name: other }).click();
  await visible(page.locator(`[aria-label="${other}"][aria-pressed=true]`));
  assert.notEqual(await ground(), before, "the theme changes what is seen");
  await check(desk, "other-theme");
  await page.getByRole("button", { name: "Auto theme" }).click();
  await visible(page.locator(`[aria-label="Auto theme"][aria-pressed=true]`));
  assert.equal(await ground(), before);
}

async function lookAtTheIntake(desk) {
  const { page } = desk;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Intake" }).click();
  await visible(page.getByRole("heading", { level: 1, name: "Intake" }));
  await check(desk, "intake");
  await page.goto(at("/nowhere"));
  await visible(page.getByRole("heading", { level: 1, name: "Nothing here" }));
  forget(desk, 404);
  await check(desk, "nowhere");
}

/** The browser itself writes a refusal of the address bar into the console; one that was wanted is not wrong. */
function forget(desk, status) {
  const expected = desk.wrong.filter((one) => one.includes(`status of ${status}`));
  for (const one of expected) desk.wrong.splice(desk.wrong.indexOf(one), 1);
}

/** From a firewall log to the neighbour who let the scanner in, and to what that line did. */
async function lookBack(desk) {
  if (!process.env.NIGHTDESK_EXPOSURE) return;
  const { page } = desk;
  const asked = new URL(process.env.NIGHTDESK_EXPOSURE).searchParams;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Exposure" }).click();
  await visible(page.getByRole("heading", { level: 1, name: "Who else was touched?" }));
  await check(desk, "exposure-asked");
  await page.getByLabel("Scanner").fill(asked.get("scanner"));
  await page.getByLabel("Victim or prefix").fill(asked.get("victim"));
  await page.getByLabel("Seen at, UTC").fill(asked.get("at"));
  await page.getByRole("button", { name: "Look back" }).click();
  await visible(page.locator("svg.net"));
  const touched = await page.locator("svg.net a").count();
  assert.ok(touched > 100, `the map shows those touched: ${touched}`);
  const worst = page.locator(".exposed table.rows tbody tr").first();
  assert.match(await worst.innerText(), /answered/, "the worst comes first");
  await check(desk, "exposure");
  await worst.getByRole("link").click();
  await page.waitForURL(/\/timeline\//);
  await visible(page.locator(".dayplot > svg"));
  await page.getByText("The picture as a table").click();
  await visible(page.getByRole("region", { name: "Steps of the day" }));
  await check(desk, "timeline");
}

/** Every other page there is, each by its address; what whoever is logged in may not see is not among them. */
const OTHERS = ["oncall", "handover", "intake?outcome=inbox", "case/ND-1/refile", "noc", "numbers", "reporters", "traps", "firewall", "mail-port", "playbook", "runbooks", "runbooks/beacon", "me",
  "operators", "tokens", "audit", "why", "timeline"];

async function lookAtTheOthers(desk) {
  for (const name of OTHERS) {
    const answer = await desk.page.goto(at(`/${name}`));
    assert.equal(answer.status(), 200, name);
    await check(desk, name.replace(/[/?=]/g, "-"));
  }
}

/** A search that cannot be read says where; a note for one case is ordered by way of the many, looked at, and taken back. */
async function askTheSameOfMany(desk) {
  const { page } = desk;
  await page.goto(at("/?q=stage%3Anonsense"));
  await visible(page.getByRole("alert").filter({ hasText: "cannot be read" }));
  await visible(page.getByRole("region", { name: "Words of a search" }));
  forget(desk, 400);
  await check(desk, "queue-misread");
  await page.goto(at("/"));
  const box = page.locator("[data-select]").first();
  const id = await box.getAttribute("value");
  await box.check();
  await page.getByLabel("Ask the same of many").selectOption("note");
  await page.getByRole("button", { name: "the selected" }).click();
  await page.waitForURL(/\/bulk\?/);
  await visible(page.getByText("1 case would take it"));
  assert.deepEqual(await page.locator("tbody tr td:first-child").allInnerTexts(), [id], "only what was selected");
  await check(desk, "bulk");
  await page.getByLabel("Reason").fill("asked of many, and thought better of");
  await page.getByRole("button", { name: "Order it for 1 case" }).click();
  await page.waitForURL(/\/bulk\/[^/]+$/);
  await check(desk, "bulk-order");
  await page.getByRole("button", { name: "Take it back" }).click();
  await visible(page.locator(".banner", { hasText: "nothing was done" }));
  await page.goto(at(`/case/${id}`));
  assert.equal(await page.locator(".timeline", { hasText: "thought better of" }).count(), 0, "what was taken back never happened");
  await page.goto(at("/bulk"));
  await visible(page.locator("tbody tr").first());
  await check(desk, "bulk-orders");
}

async function logOut(desk) {
  await desk.page.goto(at("/"));
  await desk.page.getByRole("button", { name: "Log out" }).click();
  await visible(desk.page.getByRole("heading", { name: "Log in" }));
  assert.deepEqual(desk.wrong, [], "at the end");
  await desk.context.close();
}

async function walk(browser, how, releases, id) {
  const desk = await sitDown(browser, how);
  await logIn(desk);
  await lookAtTheQueue(desk);
  const found = id ?? (await findCase(desk));
  if (id) await desk.page.goto(at(`/?q=${id}`));
  await openCase(desk, found);
  await askWhy(desk, found);
  await takeTheBytes(desk);
  if (releases) await release(desk, found);
  else await seeLifted(desk);
  await changeTheTheme(desk);
  await lookAtTheIntake(desk);
  await lookBack(desk);
  await askTheSameOfMany(desk);
  await lookAtTheOthers(desk);
  await logOut(desk);
  console.log(`${how.name}: ${found} walked`);
  return found;
}

/** No pointer at all: log in, j, Enter, r, write, Tab to the button, Enter; `?` and `u`. */
async function walkByKeyboard(browser, id) {
  const desk = await sitDown(browser, { name: "keyboard" });
  const { page } = desk;
  const key = (name) => page.keyboard.press(name);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim().replace(/\s+/g, " "));
  const tabTo = async (name) => {
    for (let presses = 0; presses < 40; presses++) {
      if ((await focused()) === name) return;
      await key("Tab");
    }
    assert.fail(`Tab never reaches ${name}`);
  };
  await page.goto(at("/login"));
  await page.keyboard.type(operator);
  await key("Tab");
  await page.keyboard.type(password);
  await key("Enter");
  await visible(page.getByRole("heading", { level: 1, name: "Queue" }));
  await key("Tab");
  assert.equal(await focused(), "Skip to the page", "the first stop skips the navigation");
  assert.ok(await page.locator(".skip").evaluate((one) => one.getBoundingClientRect().top >= 0), "and is seen");
  await key("Enter");
  await key("?");
  await visible(page.getByRole("dialog"));
  await check(desk, "help");
  await key("Escape");
  await key("/");
  await page.keyboard.type(id);
  await key("Enter");
  await page.waitForURL(/\?q=/);
  await focusIsOnTheHeading(page);
  await key("j");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none", "where one is can be seen");
  await key("Enter");
  await page.waitForURL(new RegExp(`/case/${id}$`));
  await focusIsOnTheHeading(page);
  await key("r");
  await page.keyboard.type("looked at it by keyboard");
  await tabTo("Add a note");
  await key("Enter");
  await page.waitForURL(/done=note/);
  await visible(page.locator(".timeline", { hasText: "looked at it by keyboard" }));
  await check(desk, "noted");
  await key("u");
  await visible(page.getByRole("heading", { level: 1, name: "Queue" }));
  await askWhomAScannerTouched(desk, tabTo);
  await desk.context.close();
  console.log("keyboard: walked");
}

/** Fields, button and map without a pointer. */
async function askWhomAScannerTouched(desk, tabTo) {
  if (!process.env.NIGHTDESK_EXPOSURE) return;
  const { page } = desk;
  const asked = new URL(process.env.NIGHTDESK_EXPOSURE).searchParams;
  await page.goto(at("/exposure"));
  await page.getByLabel("Scanner").focus();
  for (const name of ["scanner", "victim", "at"]) {
    await page.keyboard.type(asked.get(name));
    await page.keyboard.press("Tab");
  }
  await tabTo("Look back");
  await page.keyboard.press("Enter");
  await visible(page.locator("svg.net"));
  const first = page.locator("svg.net a").first();
  const frame = () => first.locator("rect").evaluate((one) => getComputedStyle(one).strokeWidth);
  const before = await frame();
  await page.keyboard.press("Tab");
  await first.focus();
  assert.notEqual(await frame(), before, "where one is on the map can be seen");
  await page.keyboard.press("Enter");
  await page.waitForURL(/#h-/);
  await check(desk, "exposure-by-keyboard");
}

const browser = await chromium.launch({ executablePath: process.env.NIGHTDESK_CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ARGS });
try {
  const id = await walk(browser, { name: "dark", scheme: "dark" }, true, process.env.NIGHTDESK_CASE);
  await walk(browser, { name: "light", scheme: "light" }, false, id);
  await walk(browser, { name: "dark-no-script", scheme: "dark", scripts: false }, false, id);
  await walk(browser, { name: "light-no-script", scheme: "light", scripts: false }, false, id);
  await walk(browser, { name: "phone", scheme: "dark", width: 390, height: 844 }, false, id);
  await walkByKeyboard(browser, id);
} finally {
  await browser.close();
}
