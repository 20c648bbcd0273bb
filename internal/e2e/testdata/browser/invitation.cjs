// A customer with an invitation: invitation.cjs MODULES FILE all|short [SCREENS] opens the page from disk as customers do, on a phone and at a
// desk, copies what there is to copy in each way that browsers allow, reads it without script, and prints what was seen. The short visit
// copies once and has script. Screenshots go to the directory SCREENS.
const [modules, file, visit, screens] = process.argv.slice(2);
const { chromium } = require(`${modules}/playwright-core`);
const { pathToFileURL } = require("url"), fs = require("fs"), path = require("path");

const address = pathToFileURL(file).href;
const name = path.basename(path.dirname(file));
const phone = { width: 360, height: 740 }, desk = { width: 1440, height: 900 };
const seen = { looks: [], requests: [], complaints: [], dialogs: [] };

async function open(browser, options, before) {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && seen.complaints.push(m.text()));
  page.on("pageerror", (e) => seen.complaints.push(e.message));
  page.on("dialog", (d) => { seen.dialogs.push(d.message()); d.dismiss(); });
  page.on("request", (r) => r.url() !== address && seen.requests.push(r.url().slice(0, 200)));
  page.on("popup", () => seen.dialogs.push("a window"));
  if (before) await page.addInitScript(before);
  await page.goto(address);
  return page;
}

const unfold = (page) => page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.removeAttribute("name"); d.open = true; }));

// Texts that are hard to read (WCAG 2: a contrast below 4.5), where the background is one colour.
const faint = () => {
  const rgb = (c) => c.match(/[\d.]+/g).map(Number);
  const light = (c) => rgb(c).slice(0, 3).map((v) => v / 255).map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } };
  const found = new Set(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = texts.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest("script, .out-of-sight")) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${n.data.trim().slice(0, 40)}`);
  }
  return [...found];
};

const shot = async (page, as, fullPage) => screens && page.screenshot({ path: `${screens}/${name}-${as}.png`, fullPage });

async function look(browser) {
  const page = await open(browser, {});
  const again = async (viewport, media) => {
    await page.setViewportSize(viewport);
    await page.emulateMedia(media);
    await page.goto(address);
  };
  for (const [where, viewport] of [["phone", phone], ["desk", desk]]) {
    for (const colorScheme of ["light", "dark"]) {
      await again(viewport, { colorScheme });
      const as = `${where}-${colorScheme}`;
      await shot(page, as, false);
      await shot(page, `${as}-whole`, true);
      await unfold(page);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      seen.looks.push({ as, width, of: viewport.width, faint: await page.evaluate(faint) });
      await shot(page, `${as}-open`, true);
      seen.title = await page.title();
      seen.hacked = await page.evaluate(() => window.hacked ?? null);
    }
  }
  await again({ width: 720, height: 1000 }, { media: "print", colorScheme: "light" });
  seen.print = await page.innerText("body");
  await shot(page, "print", true);
  await page.context().close();
}

// copied presses each button and tells what the clipboard then has, what is selected, and what a screen reader is told.
async function copied(browser, before) {
  const page = await open(browser, { viewport: phone }, before);
  await page.evaluate(() => document.querySelectorAll(".way").forEach((d) => { d.removeAttribute("name"); d.open = true; }));
  const all = {};
  for (const button of await page.locator("button[data-copy]").all()) {
    const id = await button.getAttribute("data-copy");
    await page.evaluate(() => (window.board ?? navigator.clipboard).writeText("nothing"));
    await page.evaluate(() => { document.getElementById("said").textContent = ""; getSelection().removeAllRanges(); });
    await button.press("Enter");
    await page.waitForFunction(() => document.getElementById("said").textContent);
    all[id] = await page.evaluate(async (b) => ({
      text: await (window.board ?? navigator.clipboard).readText(), selected: getSelection().toString(),
      said: document.getElementById("said").textContent, face: b.firstElementChild.textContent,
    }), await button.elementHandle());
  }
  await page.context().close();
  return all;
}

const noClipboard = () => { window.board = navigator.clipboard; Object.defineProperty(navigator, "clipboard", { value: undefined }); };
const noCommand = () => { document.execCommand = () => false; };

// A person without script reads and opens everything; there is no button that does nothing.
async function withoutScript(browser) {
  const page = await open(browser, { viewport: phone, javaScriptEnabled: false });
  const plain = { text: "", buttons: 0, saved: {} };
  for (const way of await page.locator(".way > summary").all()) { // opening one shuts the others
    if (await way.evaluate((s) => !s.parentElement.open)) await way.click();
    const shut = page.locator("details:not(.way, [open]) > summary:visible");
    while (await shut.count()) await shut.first().click();
    plain.text += await page.innerText("main");
    plain.buttons += await page.locator("button:visible").count();
    for (const link of await page.locator("a[download]:visible").all()) {
      const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
      plain.saved[download.suggestedFilename()] = fs.readFileSync(await download.path(), "utf8");
    }
  }
  await page.context().close();
  return plain;
}

(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", timeout: 60_000, args: ["--no-sandbox", "--disable-gpu"] }); // root has no sandbox
  try {
    await look(browser);
    seen.copied = await copied(browser);
    if (visit === "all") {
      seen.byCommand = await copied(browser, noClipboard);
      seen.byHand = await copied(browser, `(${noClipboard})(); (${noCommand})();`);
      seen.plain = await withoutScript(browser);
    }
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(seen));
})().catch((err) => { console.error(err); process.exit(1); });
