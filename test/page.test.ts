import { readFileSync } from "node:fs";
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import type { BrowserContext, Page } from "playwright-core";
import { loadEncoder } from "../runner/encoder.ts";
import { createLog } from "../runner/log.ts";
import { embedContext } from "../runner/session.ts";
import { root } from "../runner/settings.ts";
import { buildPage } from "../service/page.ts";
import { startWorker } from "../tasks/worker.ts";
import { browserPath, openBrowser } from "./helpers/browser.ts";
import { useDatabase } from "./helpers/database.ts";
import { service } from "./helpers/service.ts";
import { createSample, until } from "./helpers/source.ts";

/* What a person does with the page, in a real browser, over a real worker. Without a browser only CI fails. */
const test = anyTest.serial;
const browserTest = (browserPath === undefined && process.env.CI === undefined ? test.skip : test) as TestFn;
const db = useDatabase(anyTest);
const operatorKey = "an-operators-key-1";
let url = "";
let context: BrowserContext;
let end = async () => {};
/** What went wrong in the pages, and where they asked. */
const complaints: string[] = [];
const asked: string[] = [];

test.before(async () => {
  if (browserPath === undefined && process.env.CI === undefined) return;
  await createSample(db.sql);
  await db.sql`select analytics_features.attach()`;
  const log = createLog("silent");
  const encoder = await loadEncoder(db.settings.encoder);
  const worker = await startWorker(
    db.database,
    await embedContext(db.sql, db.settings, encoder),
    { ...db.settings, cron: { reconcile: undefined, fullPass: undefined } },
    log,
  );
  const { app } = await service(db.sql, { HTTP_OPERATOR_KEYS: operatorKey });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  const browser = await openBrowser();
  context = browser.context;
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // A refused request is said there too; the tests look at what the page makes of it.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => asked.push(request.url()));
  });
  end = async () => {
    await browser.close();
    await app.close();
    await worker.stop();
    await encoder.close();
  };
  const isComplete = async () => (await db.sql`select state from analytics_features.embedding_status`)[0]?.state === "complete";
  await until(isComplete, "everything is encoded", 60);
  await db.sql`select graphile_worker.add_job('draw_map')`;
  await until(async () => (await db.sql`select from analytics_features.product_map`).length === 115, "the map is drawn", 60);
});
test.after.always(async () => end());

/** Opens the page at an address, in a tab that is closed afterwards. */
const at = (path: string, journey: (page: Page) => Promise<void>) => async (t: ExecutionContext) => {
  const page = await context.newPage();
  try {
    await page.goto(url + path);
    await journey(page);
  } finally {
    await page.close();
  }
  t.deepEqual(complaints.splice(0), []);
};
const focused = (page: Page) => page.evaluate("document.activeElement.textContent") as Promise<string>;
const column = (page: Page, name: string) => page.getByRole("region", { name });
const inTab = (title: string, path: string, journey: (t: ExecutionContext, page: Page) => Promise<void>) =>
  browserTest(title, async (t) => at(path, (page) => journey(t, page))(t));

inTab("typing finds by words, by meaning and by both, says why, and the address holds it", "/?lang=en", async (t, page) => {
  await page.getByLabel("What are you looking for?").pressSequentially("тормозные колодки");
  await column(page, "By both").getByText("Колодки тормозные передние").first().waitFor();
  await column(page, "By meaning").getByRole("listitem").nth(9).waitFor();
  const first = column(page, "By words").getByRole("listitem").first();
  t.regex((await first.textContent()) ?? "", /Колодки тормозные .*тормозные\s*колодки\s*words no\. 1 · score \d/);
  t.regex(
    (await column(page, "By both").getByRole("listitem").first().textContent()) ?? "",
    /words no\. \d+ · meaning no\. \d+ · distance 0\.\d\d/,
  );
  t.is(await first.locator("mark").count(), 2);
  t.regex((await page.getByRole("status").first().textContent()) ?? "", /Found: \d+ by words, 10 by meaning, 10 by both\./);
  t.is(new URL(page.url()).searchParams.get("q"), "тормозные колодки");
  await page.reload();
  await column(page, "By words").getByText("Колодки тормозные передние").first().waitFor();
  t.is(await page.getByLabel("What are you looking for?").inputValue(), "тормозные колодки");
});

inTab("the first letter typed waits for the pause as the others do", "/?lang=en", async (t, page) => {
  // What the page waits for, written down as it says so; a clock of its own would be every tab's.
  await page.addInitScript(
    "const begin = setTimeout; globalThis.waits = []; setTimeout = (what, wait) => (waits.push(wait), begin(what, wait));",
  );
  await page.reload();
  const field = page.getByLabel("What are you looking for?");
  await field.waitFor();
  await page.evaluate("waits.length = 0");
  await field.pressSequentially("ф");
  await column(page, "By both").getByRole("listitem").first().waitFor();
  const waits = (await page.evaluate("waits")) as (number | undefined)[];
  t.deepEqual(
    waits.filter((wait) => wait === 120 || wait === 450),
    [120, 450, 450],
  );
});

inTab("a column that has no answer says so, beside the others' hits, until it has one", "/?lang=en&q=домкрат", async (t, page) => {
  await column(page, "By meaning").getByRole("listitem").first().waitFor();
  const problem = { detail: "The answer took too long.", code: "PE165", hint: "Ask for less." };
  await page.route(/mode=vectors/, (route) => route.fulfill({ status: 503, json: problem }));
  const query = page.getByLabel("What are you looking for?");
  await query.fill("фильтр");
  await page.getByRole("alert").getByText("The answer took too long.").waitFor();
  await column(page, "By meaning").getByText("No answer.").waitFor();
  t.is(await column(page, "By meaning").getByRole("listitem").count(), 0);
  await column(page, "By both")
    .getByText(/фильтр/i)
    .first()
    .waitFor();
  t.is(await page.getByText(/^Found:/).count(), 0);
  await page.unroute(/mode=vectors/);
  await query.fill("колодки");
  await page.getByText(/^Found:/).waitFor();
  t.is(await page.locator(".trouble").count(), 0);
  t.is(await page.getByText("No answer.").count(), 0);
});

inTab(
  "a proxy without a service behind it, or nothing at all, is a sentence, and nothing goes on loading",
  "/?lang=en&q=домкрат",
  async (t, page) => {
    await column(page, "By words").getByRole("button").first().click();
    const panel = page.getByRole("dialog", { name: "Similar products" });
    await panel.getByRole("listitem").nth(11).waitFor();
    await page.route(/\/(search|similar)\?/, (route) =>
      route.fulfill({ status: 502, contentType: "text/html", body: "<html>Bad Gateway</html>" }),
    );
    await panel.getByRole("listitem").first().getByRole("button").click();
    await panel.getByRole("alert").getByText("Something before the service answered: 502 Bad Gateway.").waitFor();
    t.is(await panel.getByRole("listitem").count(), 0);
    await page.goto(`${url}/?lang=en&q=домкрат`);
    await page.getByRole("alert").getByText("Something before the service answered: 502 Bad Gateway.").waitFor();
    await page.getByText("No answer.").nth(2).waitFor();
    t.is(await page.getByText("Loading …").count(), 0);
    await page.route(/\/search\?/, (route) => route.abort());
    await page.getByRole("searchbox").fill("колодки");
    await page.getByRole("alert").getByText("The service does not answer.").waitFor();
  },
);

inTab("a filter leaves out what does not pass, and one that there is not is explained", "/?lang=en&q=фильтр", async (t, page) => {
  await column(page, "By both").getByRole("listitem").nth(9).waitFor();
  await page.getByText("Filters").click();
  await page.getByLabel("Price to").fill("500");
  const cheap = async () => {
    const facts = await column(page, "By both").locator(".facts").allInnerTexts();
    return facts.length > 0 && facts.every((fact) => Number(fact.split(" · ").at(-1)) <= 500);
  };
  await until(cheap, "only cheap ones are left");
  t.is(new URL(page.url()).searchParams.get("price_to"), "500");
  await page.getByLabel("Column").fill("colour");
  await page.getByLabel("equals").fill("red");
  const alert = page.getByRole("alert");
  await alert.getByText("The source has no column 'colour'.").waitFor();
  t.regex((await alert.textContent()) ?? "", /It has .*vendor_code.*PE015/s);
  // The names of parameters and of bounds, and a blank that a phone adds.
  for (const name of ["limit", "valid_to"]) {
    await page.getByLabel("Column").fill(`${name} `);
    await alert.getByText(`The source has no column '${name}'.`).waitFor();
  }
});

inTab("a price may be written as a Russian keyboard has it", "/?lang=ru&q=фильтр&price_to=1 040,50", async (t, page) => {
  await page.getByText(/^Найдено:/).waitFor();
  const facts = await column(page, "По словам").locator(".facts").allInnerTexts();
  t.true(facts.some((fact) => fact.endsWith(" 1040.00")));
});

inTab("what was found is said once all have answered, and again for the next query", "/?lang=en", async (t, page) => {
  await page.evaluate(`
    globalThis.heard = [];
    const listen = () => heard.at(-1) !== said.textContent && heard.push(said.textContent);
    const said = document.querySelector("p[role=status]");
    new MutationObserver(listen).observe(said, { subtree: true, childList: true, characterData: true });`);
  const query = page.getByLabel("What are you looking for?");
  await query.fill("лампа");
  await page.getByText("Found: ").waitFor();
  await query.fill("лампа фары");
  await page.getByText("Loading …").first().waitFor();
  await page.getByText("Found: ").waitFor();
  const heard = (await page.evaluate("heard")) as string[];
  t.deepEqual(
    heard.map((text) => text.replace(/\d+ by words, 10 by meaning, 10 by both/, "…")),
    ["Loading …", "Found: ….", "Loading …", "Found: …."],
  );
});

inTab("a text that is longer than any query is cut, so that its address can be loaded anew", "/?lang=en", async (t, page) => {
  await page.getByRole("searchbox").focus();
  await page.keyboard.insertText("ж".repeat(20_000));
  await until(async () => new URL(page.url()).searchParams.has("q"), "the address holds it");
  await page.reload();
  t.is((await page.getByRole("searchbox").inputValue()).length, 4000);
  await page.getByText("Found: ").waitFor();
});

inTab("each view has a title and an address of its own, which another tab opens", "/?lang=ru&q=домкрат", async (t, page) => {
  await until(async () => (await page.title()) === "домкрат – Поиск товаров", "the search has its title");
  const map = page.getByRole("link", { name: "Карта" });
  const opened = context.waitForEvent("page");
  await map.click({ modifiers: ["Control"] });
  const other = await opened;
  await other.getByText("Товаров: 115, построена").waitFor();
  t.is(await other.title(), "Карта – Поиск товаров");
  await other.close();
  t.is(new URL(page.url()).searchParams.get("view"), null);
  await page.emulateMedia({ forcedColors: "active" });
  const borders = await page.evaluate("[...document.querySelectorAll('nav a')].map((link) => getComputedStyle(link).borderTopStyle)");
  t.deepEqual(borders, ["solid", "none", "none"]);
});

inTab("what the service says in English is said to be English", "/?lang=ru&view=operation", async (t, page) => {
  await page.route(/\/status$/, async (route) => route.fulfill({ json: { ...(await (await route.fetch()).json()), notes: ["Do this."] } }));
  const spoken = (text: string) => page.getByText(text).evaluate((element) => element.closest("[lang]")?.getAttribute("lang"));
  await page.getByText("Do this.").waitFor();
  t.is(await spoken("Do this."), "en");
  t.is(await spoken("Что сделать"), "ru");
  await page.goto(`${url}/?lang=ru&q=домкрат&column=nope&value=1`);
  await page.getByRole("alert").getByText("no column").waitFor();
  t.is(await spoken("no column"), "en");
});

inTab("of what is unforeseen the request's id is shown, which the log has", "/?lang=en", async (t, page) => {
  const problem = { detail: "Something unforeseen.", request_id: "b2f89f5d" };
  await page.route(/\/search\?/, (route) => route.fulfill({ status: 500, json: problem }));
  await page.getByRole("searchbox").fill("фильтр");
  await page.getByRole("alert").getByText("500 b2f89f5d").waitFor();
  await page.getByText("No answer.").nth(2).waitFor();
  t.is(await page.getByRole("status").textContent(), "");
});

inTab("a tab that was left open while the service became another says to load it anew", "/?lang=en", async (t, page) => {
  await page.route(/\/assets\/map-/, (route) => route.fulfill({ status: 404, json: {} }));
  await page.getByRole("link", { name: "Map" }).click();
  await page.getByRole("alert").getByText("The map could not be loaded.").waitFor();
  t.is(await page.getByText("Loading …").count(), 0);
});

browserTest("a browser that keeps nothing, or takes no more addresses, serves all the same", async (t) => {
  const page = await context.newPage();
  await page.addInitScript(`
    Object.defineProperty(globalThis, "sessionStorage", { get() { throw new DOMException("Access is denied.", "SecurityError"); } });
    history.replaceState = () => { throw new DOMException("100 times in 30 seconds", "SecurityError"); };`);
  await page.goto(`${url}/?lang=en`);
  await page.getByRole("searchbox").pressSequentially("домкрат");
  await column(page, "By both").getByRole("listitem").first().waitFor();
  t.is(await page.getByRole("searchbox").inputValue(), "домкрат");
  await page.getByRole("link", { name: "Operation" }).click();
  await page.getByLabel("Key").fill(operatorKey);
  await page.keyboard.press("Enter");
  await page.getByText("No product failed.").waitFor();
  await page.close();
  t.deepEqual(complaints.splice(0), []);
});

browserTest("where search needs a key there is a field for it, and a wrong one is told so, in whatever letters", async (t) => {
  const { app } = await service(db.sql, { HTTP_API_KEYS: "a-reader-s-key-of-16" });
  const page = await context.newPage();
  try {
    const own = await app.listen({ host: "127.0.0.1", port: 0 });
    await page.goto(`${own}/?lang=en&q=домкрат`);
    const alert = page.getByRole("alert").getByText("This needs a key");
    await alert.waitFor();
    await page.getByLabel("Key").fill("ф-куфвук-ы-лун-ща-16");
    const answered = page.waitForResponse(/\/search\?/);
    await page.keyboard.press("Enter");
    t.is((await answered).status(), 401);
    await alert.waitFor();
    await page.getByLabel("Key").fill("a-reader-s-key-of-16");
    await page.keyboard.press("Enter");
    await column(page, "By words").getByText("Домкрат").first().waitFor();
    t.is(await page.getByLabel("Key").count(), 0);
    t.is(await page.evaluate("document.activeElement.id"), "content");
    await page.goto(`${own}/?lang=en&view=map`);
    await page.getByText("115 products, drawn").waitFor();
  } finally {
    await page.close();
    await app.close();
    asked.splice(0, asked.length, ...asked.filter((address) => address.startsWith(`${url}/`)));
  }
});

inTab(
  "with the keyboard alone: a hit opens what is similar, which leads on, and Escape comes back",
  "/?lang=en&q=пневмоподушка",
  async (t, page) => {
    const hit = column(page, "By words").getByRole("button").first();
    await hit.waitFor();
    await hit.focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("dialog", { name: "Similar products" });
    await panel.getByRole("listitem").nth(11).waitFor();
    const one = new URL(page.url()).searchParams.get("similar");
    t.is(await panel.getByRole("status").textContent(), "Found: 12.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await until(async () => new URL(page.url()).searchParams.get("similar") !== one, "it leads on");
    // What was pressed is gone: the focus is where it says what is shown now.
    await until(async () => /^Similar to ./.test(await focused(page)), "the focus follows");
    await page.goBack();
    t.is(new URL(page.url()).searchParams.get("similar"), one);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
    await until(async () => !new URL(page.url()).searchParams.has("similar"), "the address forgets it");

    const name = (await hit.textContent()) ?? "";
    await page.keyboard.press("Enter");
    await panel.getByRole("listitem").nth(11).waitFor();
    await page.goBack();
    await panel.waitFor({ state: "hidden" });
    t.is(await focused(page), name);
    t.false(new URL(page.url()).searchParams.has("similar"));
  },
);

inTab("the map shows every product, groups can be left out, and a point leads to what is near", "/?view=map&lang=en", async (t, page) => {
  await page.getByText("115 products, drawn").waitFor();
  const canvas = page.getByRole("img", { name: /Map of the catalogue/ });
  const groups = page.getByRole("list", { name: "Groups" }).getByRole("button");
  t.true((await groups.count()) > 10);
  await groups.first().click();
  t.is(await groups.first().getAttribute("aria-pressed"), "false");
  await groups.first().click();
  await page.getByRole("button", { name: "Zoom in" }).click();
  const drawn = () => page.evaluate("document.querySelector('canvas').toDataURL()");
  const zoomed = await drawn();
  await page.getByRole("button", { name: "Move left" }).click();
  t.not(await drawn(), zoomed);
  await page.getByRole("button", { name: "Move right" }).click();
  t.is(await drawn(), zoomed);
  await page.getByRole("button", { name: "Whole map" }).click();

  const box = await canvas.boundingBox();
  if (box === null) throw new Error("no canvas");
  const isOver = () => canvas.evaluate((element) => element.classList.contains("over"));
  search: for (let y = box.height / 3; y < box.height; y += 7) {
    for (let x = 10; x < box.width; x += 7) {
      await page.mouse.move(box.x + x, box.y + y);
      if (!(await isOver())) continue;
      await page.mouse.click(box.x + x, box.y + y);
      break search;
    }
  }
  const panel = page.getByRole("dialog", { name: "Similar products" });
  await panel.getByRole("listitem").nth(11).waitFor();
  await page.keyboard.press("Escape");

  const { points } = (await (await fetch(`${url}/map`)).json()) as { points: { product_id: string; name: string; label: string }[] };
  t.is(points.length, 115);
  t.true(new Set(points.map(({ label }) => label)).size > 10);
  const wanted = points.find(({ product_id }) => product_id === "7807552");
  await page.getByLabel("Find on the map").fill(`${wanted?.name} (7807552)`);
  await page.keyboard.press("Enter");
  await panel.getByText("Similar to Пневмоподушка (с мет стаканом)").waitFor();
});

inTab("the operator sees what failed and has it tried again, with the right key only", "/?view=operation&lang=en", async (t, page) => {
  await db.sql`
    insert into analytics_features.product_failures (product_id, attempts, error, set_aside) values (7807552, 5, 'The text is odd.', true)`;
  await page.getByText("115 of 115 products").waitFor();
  const key = page.getByLabel("Key");
  await key.fill("not-the-right-key-at-all");
  await page.getByRole("button", { name: "Use" }).click();
  await page.getByRole("alert").getByText("This needs an operator's key").waitFor();
  t.is(await page.getByText("The text is odd.").count(), 0);
  await key.fill(operatorKey);
  await page.getByRole("button", { name: "Use" }).click();
  await page.getByRole("cell", { name: "The text is odd." }).waitFor();
  await page.getByRole("button", { name: "Try again 7807552" }).click();
  await page.getByText("Tried again: 1.").waitFor();
  t.regex(await focused(page), /^Failures/);
  await page.getByText("No product failed.").waitFor();
  t.is((await db.sql`select from analytics_features.product_failures`).length, 0);
  await page
    .getByRole("region", { name: "Models" })
    .getByRole("row", { name: /all-MiniLM-L6-v2 .* active 100 % 0/ })
    .waitFor();
  t.true((await page.getByRole("region", { name: "Recent comparisons" }).getByRole("row").count()) > 1);
});

inTab("a reader's key shows the status, and that the rest needs an operator's", "/?view=operation&lang=en", async (t, page) => {
  await page.evaluate("sessionStorage.setItem('product-embeddings key', 'a-reader-s-key-of-16')");
  await page.reload();
  await page.getByRole("alert").getByText("This needs an operator's key").waitFor();
  await page.getByText("115 of 115 products").waitFor();
  t.is(await page.getByRole("table").count(), 0);
});

inTab("the viewer of the description shows every route and asks nobody else", "/docs/", async (t, page) => {
  await page.getByText("/products/{id}/similar").first().waitFor();
  t.true((await page.locator(".opblock").count()) >= 10);
});

browserTest("no view has a barrier that axe knows, nor a width at which it overflows, light and dark, in both languages", async (t) => {
  const axe = readFileSync(`${root}/node_modules/axe-core/axe.min.js`, "utf8");
  await db.sql`
    insert into analytics_features.product_failures (product_id, attempts, error, set_aside) values (7807552, 5, 'The text is odd.', true)`;
  const page = await context.newPage();
  const views = {
    "/?q=домкрат&price_to=5000": ".ways li",
    "/?view=map": ".legend li",
    "/?q=домкрат&similar=7807552": "dialog li",
    "/?view=operation": "table",
    "/?q=домкрат&column=nope&value=1": ".trouble",
  };
  await page.goto(url);
  await page.evaluate(`sessionStorage.setItem("product-embeddings key", "${operatorKey}")`);
  for (const [path, shown] of Object.entries(views)) {
    for (const [width, lang, colorScheme] of [
      [320, "ru", "dark"],
      [1280, "en", "light"],
      [2560, "ru", "light"],
      [1280, "en", "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.goto(`${url}${path}&lang=${lang}`);
      await page.locator(shown).first().waitFor();
      await page.evaluate(axe);
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
        return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      t.deepEqual(violations, [], `${path} ${width} ${lang} ${colorScheme}`);
      const overflows = async () => Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0;
      await until(async () => !(await overflows()), `${path} fits into ${width}`, 5);
      t.is(await page.evaluate("document.documentElement.lang"), lang);
      t.true(await page.evaluate("[...document.querySelectorAll('.buttons button')].every(({ offsetHeight }) => offsetHeight < 60)"), path);
    }
  }
  await page.close();
  await db.sql`truncate analytics_features.product_failures`;
});

browserTest("nothing is fetched from anybody else", (t) => {
  t.true(asked.length > 20);
  t.deepEqual(
    asked.filter((address) => !address.startsWith(`${url}/`)),
    [],
  );
});

test("the page is small: 25 kB over the wire, and 100 kB more for who opens the map", async (t) => {
  const { app } = await service(db.sql);
  let map = 0;
  let rest = 0;
  for (const name of (await buildPage()).keys()) {
    const path = name === "index.html" ? "/" : `/assets/${name}`;
    const { statusCode, rawPayload } = await app.inject({ url: path, headers: { "accept-encoding": "br" } });
    t.is(statusCode, 200);
    if (name.startsWith("map-")) map += rawPayload.length;
    else rest += rawPayload.length;
  }
  await app.close();
  t.log(`${rest} bytes, and ${map} for the map`);
  t.true(rest < 25_000);
  t.true(map > 0 && map < 100_000);
});
