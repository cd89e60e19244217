// A customer whose line is in the walled garden and who knows nothing of it: a real browser on that line asks for a page of
// the Internet's. No header tells who asks; the address it comes from does.
//
// NIGHTDESK_WANTED is the page that is asked for. NIGHTDESK_PHASE is `contained` or `cleaned`. NIGHTDESK_SCREENSHOTS names
// a folder for pictures.

import assert from "node:assert/strict";
import path from "node:path";
import { chromium } from "playwright-core";

const { NIGHTDESK_WANTED: wanted, NIGHTDESK_PHASE: phase, NIGHTDESK_SCREENSHOTS: pictures } = process.env;
assert.ok(wanted && phase, "see the head of captive.mjs");

const browser = await chromium.launch({
  executablePath: process.env.NIGHTDESK_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
});
try {
  const context = await browser.newContext({ locale: "en", javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const picture = async (name) => {
    if (pictures) await page.screenshot({ path: path.join(pictures, `captive-${name}.png`), fullPage: true });
  };
  await page.goto(wanted);
  assert.notEqual(new URL(page.url()).host, new URL(wanted).host, "the garden shows itself under its own name");
  assert.equal(await page.locator("h1").textContent(), "Part of your line is blocked");
  assert.match(await page.locator("main").textContent(), /48613/, "what was seen names the port");
  await picture(phase);
  if (phase === "cleaned") await released(page, picture);
  console.log(`captive: ${phase}, ${wanted} led to ${new URL(page.url()).host}`);
} finally {
  await browser.close();
}

async function released(page, picture) {
  const began = Date.now();
  const button = page.getByRole("button", { name: "Test my line now" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByText("Your line is clean. The block has ended.").waitFor({ timeout: 90_000 }).catch(async (error) => {
    throw new Error(`${error.message}\n${page.url()} says:\n${await page.locator("main").innerText()}`);
  });
  console.log(`released ${((Date.now() - began) / 1000).toFixed(1)} s after the button`);
  await picture("released");
  // The edge follows within a round.
  for (let tries = 0; tries < 50; tries += 1) {
    await page.goto(wanted);
    if ((await page.locator("body").textContent()).includes("a page")) break;
    await page.waitForTimeout(200);
  }
  assert.match(await page.locator("body").textContent(), /a page/, "the page that was wanted comes");
  console.log(`${wanted} opens ${((Date.now() - began) / 1000).toFixed(1)} s after the button`);
}
