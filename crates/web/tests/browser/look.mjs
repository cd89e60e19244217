// One page as an operator sees it: logs in, goes there, prints its words, and takes pictures in light and dark.
//
//   node look.mjs NAME PATH
//
// Wants NIGHTDESK_URL, NIGHTDESK_OPERATOR and NIGHTDESK_PASSWORD of a running desk, and NIGHTDESK_SCREENSHOTS, a folder
// for NAME-dark.png and NAME-light.png. NIGHTDESK_CHROMIUM names the browser.

import path from "node:path";
import { chromium } from "playwright-core";

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
  }
  console.log(await page.locator("body").innerText());
} finally {
  await browser.close();
}
