// Comfort on top of pages that work without it: the plot, single keys, and where the focus goes after a swap.
"use strict";

(() => {
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const KEYS_OFF = "nightdesk-keys-off";

  // ---- the plot: drawn from the table that stands below it, so that both always say the same -------------------

  // Midnight is told by its date: `23 Nov`.
  function label(seconds) {
    const at = new Date(seconds * 1000);
    const clock = at.toISOString().slice(11, 16);
    return clock === "00:00" ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }) : clock;
  }

  const colour = (selector) => getComputedStyle(one(selector)).color;

  function drawPlot() {
    const box = one("[data-plot=hours]");
    const rows = all("#hours tbody tr");
    if (!box || rows.length === 0 || typeof uPlot === "undefined") return;
    const figures = (name) => rows.map((row) => Number(row.dataset[name]));
    const axis = { stroke: colour(".activity .axis-colour"), grid: { show: false }, ticks: { show: false }, font: "11px system-ui" };
    const bars = (width) => uPlot.paths.bars({ size: [width, 100], align: 1 });
    const accepted = colour(".key.accepted i");
    const opened = colour(".key.opened i");
    const options = {
      width: box.clientWidth,
      height: 96,
      padding: [6, 4, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      axes: [
        { ...axis, size: 20, space: 60, values: (_, ticks) => ticks.map(label) },
        { ...axis, size: 30, space: 24, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 100000] },
      ],
      scales: { x: { range: (_, first, last) => [first, last + 3600] }, y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
      series: [
        {},
        { label: "accepted", fill: accepted, stroke: accepted, width: 0, paths: bars(0.8), points: { show: false } },
        { label: "opened", fill: opened, stroke: opened, width: 0, paths: bars(0.35), points: { show: false } },
      ],
      hooks: { setCursor: [(plot) => tell(plot, rows)] },
    };
    box.replaceChildren();
    box.classList.add("live");
    box.plot = new uPlot(options, [figures("at"), figures("accepted"), figures("opened")], box);
    box.plot.root.setAttribute("aria-hidden", "true");
  }

  // What is under the pointer, in the legend that is there anyway.
  function tell(plot, rows) {
    const note = one(".activity .under");
    const row = plot.cursor.idx === null ? null : rows[plot.cursor.idx];
    if (!note) return;
    note.textContent = row ? `${one("time", row).textContent.slice(11)} UTC: ${row.dataset.accepted} accepted, ${row.dataset.opened} opened` : "";
  }

  // ---- focus and announcement after a swap ------------------------------------------------------------------------

  function arrived() {
    const refused = one("#problem");
    const focus = refused ? one("#reason") : one("#page h1");
    focus?.focus({ preventScroll: !refused });
    announce("#page [data-announce]");
  }

  // The one live region says what matters: a banner before a count.
  function announce(selector) {
    const said = one(`${selector}.banner`) || one(selector);
    one("#live").textContent = said ? said.textContent.replace(/\s+/g, " ").trim() : "";
  }

  // ---- single keys ------------------------------------------------------------------------------------------------

  const keysOn = () => localStorage.getItem(KEYS_OFF) === null;
  const writing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  function move(step) {
    const links = all("[data-row] [data-open]");
    if (links.length === 0) return;
    const at = links.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
    const to = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
    links[to].focus();
    links[to].closest("[data-row]").scrollIntoView({ block: "nearest" });
  }

  function help() {
    const dialog = one("#help");
    one("#keys-on").checked = keysOn();
    if (!dialog.open) dialog.showModal();
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    "/": () => one("#q, #of")?.focus(),
    r: () => one("#reason")?.focus(),
    u: () => one(".brand")?.click(),
    x: () => document.activeElement?.closest("[data-row]")?.querySelector("[data-select]")?.click(),
    a: () => one("[data-take]")?.click(),
    e: () => one("#page .evidence summary, #page .evidence a")?.focus(),
    "?": help,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (writing(event.target) || one("#help").open) return;
    if (!keysOn() && event.key !== "?") return;
    const what = keys[event.key];
    if (!what) return;
    event.preventDefault();
    what();
  });

  // ---- wiring -----------------------------------------------------------------------------------------------------

  function settle() {
    drawPlot();
    all("[data-help]").forEach((button) => {
      button.hidden = false;
      button.onclick = help;
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    settle();
    if (one("#page .banner[data-announce]")) announce("#page [data-announce]");
    one("#keys-on").addEventListener("change", (event) => {
      if (event.target.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    });
    const themes = matchMedia("(prefers-color-scheme: dark)");
    themes.addEventListener("change", drawPlot);
    let waiting = 0;
    addEventListener("resize", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(drawPlot);
    });
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target?.id;
    if (target !== "page" && target !== "tonight") return;
    settle();
    if (target === "page") arrived();
  });

  // The strip is not drawn anew under somebody who is reading it, nor for nobody.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id !== "tick") return;
    const strip = one("#tonight");
    if (document.hidden || strip.contains(document.activeElement) || one("details[open]", strip)) event.preventDefault();
  });

  document.addEventListener("htmx:sendError", () => {
    one("#live").textContent = "The desk did not answer. Nothing was changed by this page; try again.";
  });
})();
