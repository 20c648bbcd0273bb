// A person at a browser: visit.cjs MODULES ADDRESS STEP… opens the address, takes the steps, and prints what is then there.
// A step is "click SELECTOR", which waits for the page that follows, or "type SELECTOR TEXT".
const [modules, address, ...steps] = process.argv.slice(2);
const { chromium } = require(`${modules}/playwright-core`);
const fs = require("fs"), os = require("os"), path = require("path");

const patience = 60_000; // ms, for one step on a busy machine
const wire = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "wire-")), "log.json");

async function visit(browser) {
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const complaints = [];
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text())); // as of a page that breaks its own policy
  page.on("pageerror", (e) => complaints.push(e.message));
  let answer = await page.goto(address);
  for (const step of steps) {
    const [, verb, selector, text] = /^(\w+) (\S+) ?(.*)$/.exec(step);
    if (verb === "type") await page.fill(selector, text);
    else [answer] = await Promise.all([page.waitForNavigation(), page.click(selector)]);
  }
  await page.waitForLoadState("networkidle");
  return { address: page.url(), status: answer.status(), title: await page.title(), text: await page.innerText("body"), complaints };
}

// What the browser itself asked for, favicons too, of which playwright does not tell. Its own errands have no initiator.
function requests() {
  const { constants, events } = JSON.parse(fs.readFileSync(wire, "utf8"));
  const start = constants.logEventTypes.URL_REQUEST_START_JOB;
  return events.filter((e) => e.type === start && e.params?.url)
    .filter(({ params: p }) => p.url.startsWith("http://127.0.0.1:") || /^https?:/.test(p.initiator))
    .map(({ params: p }) => `${p.method} ${p.url}`);
}

(async () => {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium", timeout: patience,
    args: ["--no-sandbox", "--disable-gpu", `--log-net-log=${wire}`], // root has no sandbox
  });
  let seen;
  try {
    seen = await visit(browser);
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify({ ...seen, requests: requests() }));
})().catch((err) => { console.error(err.message); process.exit(1); });
