import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import anyTest from "ava";
import fc from "fast-check";
import type { Sql } from "../runner/database.ts";
import { codeOf } from "../runner/errors.ts";
import { useDatabase } from "./helpers/database.ts";
import { type Claimed, claim, createSource, drain, registerModel, startOver, unitVector } from "./helpers/source.ts";
import { serverUrl } from "./helpers/template.ts";

/*
 * What has to hold whatever happens in whatever order, tried on orders that nobody would think of. It is the bookkeeping that is
 * tried here, so a vector is made of its text by a hash: which text a vector is of can be told from it, and none takes an encoder.
 *
 * PROPERTY_RUNS is how many orders are tried, PROPERTY_SEED repeats a run that failed (docs/development.md).
 */
const test = anyTest.serial;
const db = useDatabase(anyTest);
const runs = Number(process.env.PROPERTY_RUNS ?? 25);
const seed = process.env.PROPERTY_SEED === undefined ? {} : { seed: Number(process.env.PROPERTY_SEED) };
const parameters = { numRuns: runs, includeErrorInReport: true, ...seed };

/* Everybody but the writers: gives up where one of these holds a lock, as the embedded database's one session never does. */
let others: Sql;
test.before(async () => {
  others = db.sql;
  if (serverUrl === undefined) return;
  others = await db.sql.reserve();
  await others`set lock_timeout = '20ms'`;
});

/* Few, so that everything collides. */
const ids = [1, 2, 3, 4] as const;
const id = fc.constantFrom(...ids);
const name = fc.constantFrom("болт", "гайка", "a bolt", "й", "", "  ", null);
const time = fc.constantFrom("2026-01-01", "2026-01-02", null);
const set = fc.oneof(
  fc.record({ column: fc.constant("name"), value: name }),
  fc.record({ column: fc.constant("price"), value: fc.constantFrom("1", "2.50", "NaN", null) }),
  fc.record({ column: fc.constant("deleted"), value: fc.constantFrom("true", "false", null) }),
  // Not in the text, but what decides which of two rows of a product counts.
  fc.record({ column: fc.constantFrom("ingested_at", "updated_at"), value: time }),
  fc.record({ column: fc.constant("product_id"), value: fc.constantFrom("1", "2", "3", "4", null) }),
);
/* Two sessions that write, each in a transaction that was begun or on its own. */
const writer = fc.constantFrom(0, 1);
const write = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: fc.constant("insert" as const), writer, id, name, time }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant("update" as const), writer, id, set }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("delete" as const), writer, id }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("truncate" as const), writer }) },
);
const transaction = fc.record({
  step: fc.constantFrom("begin", "savepoint", "rollback to savepoint a", "release a", "commit", "rollback"),
  writer,
});
const worker = fc.oneof(
  { weight: 4, arbitrary: fc.record({ step: fc.constant("claim" as const), most: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constantFrom("store", "store one", "fail", "release claim"), claim: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constantFrom("let leases expire", "reconcile", "retry", "maintain", "index words") }) },
);
const rebuild = fc.oneof(
  fc.record({ step: fc.constant("swap" as const), hook: fc.boolean(), changed: fc.boolean() }),
  fc.record({ step: fc.constantFrom("detach", "attach", "lose a vector"), id }),
);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: write },
    { weight: 3, arbitrary: transaction },
    { weight: 6, arbitrary: worker },
    { weight: 2, arbitrary: rebuild },
  ),
  { minLength: 1, maxLength: 30 },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

const vectorOf = (document: string): string => unitVector(createHash("sha256").update(document).digest().readUInt32BE() / 1e6);

interface Writer {
  sql: Sql;
  release(): void;
  open: boolean;
  savepoint: boolean;
}

/** One history of a catalogue: what was open, claimed, and whether a change went by unseen. */
class History {
  readonly #writers: Writer[] = [];
  readonly #claims: Claimed[][] = [];
  #model = 0;
  #attached = true;
  /** Something changed while no trigger of ours was there to see it, and nobody has compared since. */
  unseen = false;

  async start(): Promise<void> {
    await startOver(db.sql);
    await createSource(db.sql);
    // What is gone is forgotten at once, so that a live product's vector that is swept is missed here.
    await db.sql`update analytics_features.settings set vanished_grace = '0', vanished_hold_share = 1, retry_after = '1 microsecond'`;
    await db.sql`select analytics_features.attach()`;
    this.#model = await registerModel(db.sql);
    // One product in two rows, which is known: only then does what decides between them count as a change.
    await db.sql`
      insert into staging_staging.stg_product (product_id, name, updated_at, deleted)
      values (1, 'болт', '2026-01-01', false), (2, 'гайка', '2026-01-01', false), (2, 'a bolt', '2026-01-02', false)`;
    await this.drain();
    await db.sql`select analytics_features.reconcile()`;
    for (let i = 0; i < 2; i++) {
      const sql = await db.sql.reserve();
      await sql.unsafe(`set lock_timeout = '${serverUrl === undefined ? 0 : 20}ms'`);
      this.#writers.push({ sql, release: () => sql.release(), open: false, savepoint: false });
    }
  }

  async end(): Promise<void> {
    for (const writer of this.#writers) {
      await this.#close(writer, "rollback");
      await writer.sql`reset lock_timeout`;
      writer.release();
    }
  }

  async take(step: Step): Promise<void> {
    switch (step.step) {
      case "insert":
        return this.#write(step.writer, (sql) => [
          sql`insert into staging_staging.stg_product (product_id, name, updated_at, deleted) values (${step.id}, ${step.name}, ${step.time}, false)`,
        ]);
      case "update":
        if (["updated_at", "ingested_at"].includes(step.set.column) && !(await this.#twinsAreKnown())) this.unseen = true;
        return this.#write(step.writer, (sql) => [
          // One row, so that of a product that stands in several another may come to count.
          sql`update staging_staging.stg_product set ${sql(step.set.column)} = ${step.set.value}
            where ctid = (select s.ctid from staging_staging.stg_product s where s.product_id = ${step.id} order by s.name limit 1)`,
        ]);
      case "delete":
        return this.#write(step.writer, (sql) => [sql`delete from staging_staging.stg_product where product_id = ${step.id}`]);
      case "truncate":
        return this.#write(step.writer, (sql) => [sql`truncate staging_staging.stg_product`]);
    }
    if ("writer" in step) return this.#control(step.writer, step.step);
    await this.#alone();
    switch (step.step) {
      case "claim": {
        const claimed = await this.#attempt(() => claim(others, "w1", step.most));
        if (claimed !== undefined && claimed.length > 0) this.#claims.push([...claimed]);
        return;
      }
      case "store":
      case "store one":
      case "fail":
      case "release claim":
        return this.#work(step.step, step.claim);
      case "let leases expire":
        await db.sql`update analytics_features.product_claims set lease_until = now() - interval '1 second'`;
        return;
      case "reconcile":
        return this.#compare(() => others`select analytics_features.reconcile()`);
      case "attach":
        return this.#compare(() => others`select analytics_features.attach()`);
      case "detach":
        await this.#attempt(() => others`select analytics_features.detach()`);
        break;
      case "swap":
        await this.#swap(step.hook, step.changed);
        break;
      case "lose a vector":
        this.unseen = true;
        await db.sql`delete from analytics_features.product_embeddings where product_id = ${step.id}`;
        return;
      case "retry":
        await db.sql`select analytics_features.retry_failed()`;
        return;
      case "maintain":
        await this.#attempt(() => others`select analytics_features.maintain('w1')`);
        return;
      case "index words":
        await this.#attempt(() => others`select analytics_features.index_words()`);
        return;
    }
    await this.#look();
  }

  /** What the status says, and what is true, in one snapshot; undefined while a lock forbids to look. */
  async status() {
    await this.#alone();
    return this.#attempt(async () => {
      const [row] = await others<Record<string, number | string | null>[]>`
        select
          e.state, (e.missing + e.stale)::integer as pending, (x.missing + x.stale)::integer as exact, x.missing::integer as exact_missing,
          truth.missing::integer as missing, truth.pending::integer as truth
        from analytics_features.embedding_status e, analytics_features.compute_status() x, (
          select count(*) filter (where e.product_id is null) as missing,
            count(*) filter (where e.document_hash is distinct from d.document_hash) as pending
          from analytics_features.product_documents() d
          left join analytics_features.product_embeddings e using (product_id)
        ) truth`;
      return row;
    });
  }

  /** Ends what is open, and lets a worker come until nothing is left; compares first only if something went by unseen. */
  async drain(): Promise<void> {
    for (const writer of this.#writers) await this.#close(writer, "commit");
    await this.#look();
    if (this.unseen || !this.#attached) await db.sql`select analytics_features.reconcile()`;
    await db.sql`update analytics_features.product_claims set lease_until = now() - interval '1 second'`;
    await db.sql`select analytics_features.retry_failed()`;
    for (let round = 0; round < 50; round++) {
      const claimed = await claim(db.sql, "w2");
      if (claimed.length > 0) await this.#store(claimed);
      else if ((await db.sql<{ n: string }[]>`select analytics_features.retry_failed() as n`)[0]?.n === "0") break;
    }
    await db.sql`select analytics_features.maintain('w2')`;
  }

  async #write(number: number, statements: (sql: Sql) => PromiseLike<unknown>[]): Promise<void> {
    const writer = this.#writer(number);
    if (!writer.open) await this.#alone();
    if (!this.#attached) this.unseen = true;
    try {
      for (const statement of statements(writer.sql)) await statement;
    } catch (error) {
      if (codeOf(error) !== "55P03") throw error;
      await this.#close(writer, "rollback");
    }
  }

  async #control(number: number, step: string): Promise<void> {
    const writer = this.#writer(number);
    if (step === "begin") {
      if (writer.open) return;
      await this.#alone();
      await writer.sql`begin`;
      writer.open = true;
    } else if (!writer.open) return;
    else if (step === "savepoint") {
      await writer.sql`savepoint a`;
      writer.savepoint = true;
    } else if (step === "commit" || step === "rollback") await this.#close(writer, step);
    else if (writer.savepoint) {
      await writer.sql.unsafe(step);
      writer.savepoint = step !== "release a";
    }
  }

  #writer(number: number) {
    // The embedded database has one session, so there is one writer.
    const writer = this.#writers[serverUrl === undefined ? 0 : number];
    if (writer === undefined) throw new Error(`There is no writer ${number}.`);
    return writer;
  }

  async #close(writer: Writer, how: "commit" | "rollback"): Promise<void> {
    if (!writer.open) return;
    if (how === "commit" && !this.#attached) this.unseen = true;
    await writer.sql.unsafe(how);
    writer.open = false;
    writer.savepoint = false;
  }

  /** On the embedded database everybody else waits for an open transaction. */
  async #alone(): Promise<void> {
    if (serverUrl === undefined) for (const writer of this.#writers) await this.#close(writer, "commit");
  }

  /** What a lock of an open writer keeps from happening does not happen. */
  async #attempt<T>(run: () => PromiseLike<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (codeOf(error) !== "55P03") throw error;
      return undefined;
    }
  }

  async #compare(run: () => PromiseLike<unknown>): Promise<void> {
    const done = await this.#attempt(async () => (await run()) ?? true);
    await this.#look();
    if (done !== undefined) this.unseen = false;
  }

  async #twinsAreKnown(): Promise<boolean> {
    const [row] = await db.sql<{ known: boolean }[]>`select (analytics_features.last_comparison()).duplicate_ids > 0 as known`;
    return row?.known === true;
  }

  async #look(): Promise<void> {
    const [row] = await db.sql<
      { attached: boolean }[]
    >`select bool_and(enabled is true) as attached from analytics_features.source_triggers`;
    this.#attached = row?.attached === true;
  }

  async #swap(hook: boolean, changed: boolean): Promise<void> {
    // One message, and so one transaction.
    const swapped = await this.#attempt(() =>
      others.unsafe(`
        create table staging_staging.built as select * from staging_staging.stg_product;
        ${changed ? "update staging_staging.built set name = 'built' where product_id in (1, 2); insert into staging_staging.built (product_id) values (3);" : ""}
        alter table staging_staging.stg_product rename to former;
        alter table staging_staging.built rename to stg_product;
        ${hook ? "select analytics_features.attach_after_build('staging_staging', 'stg_product');" : ""}
        drop table staging_staging.former cascade`),
    );
    if (swapped !== undefined) this.unseen = !hook;
  }

  async #work(step: string, number: number): Promise<void> {
    const claimed = this.#claims[number % Math.max(this.#claims.length, 1)];
    if (claimed === undefined) return;
    const claimId = claimed[0]?.claim_id ?? null;
    if (step === "store") await this.#store(claimed);
    else if (step === "store one") await this.#store(claimed.slice(0, 1));
    else if (step === "release claim") await db.sql`select analytics_features.release_claim(${claimId})`;
    else {
      await db.sql`
        select analytics_features.fail_products(${claimId}, ${claimed.map((product) => product.product_id)}::bigint[], ${claimed.map(() => "odd")}::text[])`;
    }
  }

  async #store(claimed: readonly Claimed[]): Promise<void> {
    const vectors = `{${claimed.map(({ document }) => `"${vectorOf(document)}"`).join(",")}}`;
    await db.sql`
      select analytics_features.store_embeddings(
        ${claimed[0]?.claim_id ?? null}, ${this.#model}, ${claimed.map((product) => product.product_id)}::bigint[], ${vectors}
      )`;
  }
}

test("whatever is written, rolled back, swapped, claimed, lost and tried again: once drained, the vectors are those of the live products' present texts, and the status never says less than waits", async (t) => {
  t.timeout(runs * 10_000);
  await fc.assert(
    fc.asyncProperty(steps, async (order) => {
      const history = new History();
      await history.start();
      try {
        for (const step of order) {
          await history.take(step);
          const status = await history.status();
          if (status === undefined) continue;
          assert.equal(status.exact, status.truth, "compute_status() counts what is true");
          assert.equal(status.exact_missing, status.missing);
          if (history.unseen) continue;
          if (status.state === "unknown") continue;
          assert.ok(Number(status.pending) >= Number(status.truth), JSON.stringify(status));
        }
        await history.drain();
        await isTrue();
      } finally {
        await history.end();
      }
    }),
    parameters,
  );
  t.pass();
});

/** Vectors, words, search and status against a computation that begins from the source alone. */
async function isTrue(): Promise<void> {
  // Which row of a product counts, and whether it is live, said once more and in other words than sql/source does.
  const live = await db.sql<{ product_id: string; document: string; hash: string }[]>`
    select d.product_id, d.document, encode(sha256(convert_to(d.document, 'UTF8')), 'hex') as hash
    from (
      select distinct on (product_id) product_id, deleted
      from staging_staging.stg_product where product_id is not null
      order by product_id, updated_at desc nulls last, ingested_at desc nulls last, coalesce(deleted, false)
    ) s
    join analytics_features.product_documents() d using (product_id)
    where s.deleted is not true order by 1`;
  const stored = await db.sql<{ product_id: string; hash: string; embedding: string; vanished: boolean }[]>`
    select product_id, encode(document_hash, 'hex') as hash, embedding::text, vanished_at is not null as vanished
    from analytics_features.product_embeddings order by 1`;
  assert.deepEqual(
    stored.map(({ product_id, hash, vanished }) => ({ product_id, hash, vanished })),
    live.map(({ product_id, hash }) => ({ product_id, hash, vanished: false })),
  );
  for (const [index, { document }] of live.entries()) {
    const [row] = await db.sql<{ near: boolean }[]>`
      select ${stored[index]?.embedding ?? null}::vector <-> ${vectorOf(document)}::vector < 1e-5 as near`;
    assert.ok(row?.near, `the vector of ${live[index]?.product_id} is of another text`);
  }
  const found = await db.sql<{ product_id: string; distance: number }[]>`
    select product_id, distance from analytics_features.search_products(${unitVector(1)}, 'cosine', 100)`;
  assert.deepEqual(found.map((hit) => hit.product_id).sort(), live.map((product) => product.product_id).sort());
  assert.deepEqual(
    found.map((hit) => hit.distance),
    found.map((hit) => hit.distance).sort((a, b) => a - b),
  );
  const [compared] = await db.sql<{ queued: string }[]>`select analytics_features.reconcile() as queued`;
  assert.equal(compared?.queued, "0", "a comparison finds nothing left to do");
  const [status] = await db.sql<{ state: string }[]>`select state from analytics_features.embedding_status`;
  assert.equal(status?.state, "complete");
  const words = await db.sql<{ product_id: string }[]>`
    select product_id from analytics_features.product_words join analytics_features.product_documents() using (product_id, document_hash) order by 1`;
  assert.deepEqual(
    words.map((row) => row.product_id),
    live.map((product) => product.product_id),
  );
}

const prices = [null, 1, 2, 3, 4];
const names = [null, "a", "b", "ä'"];
const operators = ["=", "<>", "<", "<=", ">", ">="] as const;
type Value = string | number | null;
const operand = (values: readonly Value[]) => {
  const value = fc.constantFrom(...values.filter((each) => each !== null));
  return fc.oneof(
    fc.record({ operator: fc.constantFrom(...operators), operand: value }),
    fc.record({
      operator: fc.constantFrom("=" as const, "<>" as const),
      operand: fc.oneof(fc.constant(null), fc.array(fc.constantFrom(...values), { maxLength: 3 })),
    }),
  );
};
type Condition = { operator: (typeof operators)[number]; operand: Value | Value[] };

/** As SQL has it: what is compared with null is not known, and so does not pass. */
function passes(value: Value, { operator, operand: wanted }: Condition): boolean {
  if (wanted === null) return (value === null) === (operator === "=");
  if (Array.isArray(wanted)) {
    if (operator === "=") return wanted.includes(value);
    if (value === null) return wanted.every((each) => each !== null) && wanted.length === 0;
    return !wanted.includes(value);
  }
  if (value === null) return false;
  const sign = value < wanted ? -1 : value > wanted ? 1 : 0;
  return { "=": sign === 0, "<>": sign !== 0, "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0 }[operator];
}

test("a filter lets through what an evaluation of our own lets through, and a search never more than it was asked for", async (t) => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
  const model = await registerModel(db.sql);
  const products = prices.flatMap((price, i) => names.map((name, j) => ({ product_id: i * 10 + j, price, name })));
  await db.sql`insert into staging_staging.stg_product ${db.sql(products)}`;
  await drain(db.sql, model);
  const filter = fc.record({ price: operand(prices), name: operand(names) }, { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(filter, fc.integer({ min: 1, max: 30 }), async (conditions, limit) => {
      const given = Object.fromEntries(Object.entries(conditions).map(([column, each]) => [column, { [each.operator]: each.operand }]));
      const found = await db.sql<{ product_id: string }[]>`
        select product_id from analytics_features.search_products(${unitVector(1)}, 'l2', ${limit}::integer, ${JSON.stringify(given)}::text::jsonb)`;
      const passing = products
        .filter(
          ({ price, name }) =>
            (conditions.price === undefined || passes(price, conditions.price)) &&
            (conditions.name === undefined || passes(name, conditions.name)),
        )
        .map(({ product_id }) => String(product_id));
      assert.equal(found.length, Math.min(limit, passing.length));
      for (const hit of found) assert.ok(passing.includes(hit.product_id), `${hit.product_id} passed`);
    }),
    { ...parameters, numRuns: runs * 3 },
  );
  t.pass();
});

test("a text that was folded once is not changed by folding it again, whatever letters it has", async (t) => {
  const letter = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));
  const changedOf = async (texts: readonly string[]) => [
    ...(await db.sql<{ text: string; once: string; twice: string }[]>`
      select f.text, f.once, analytics_features.fold_text(f.once) as twice
      from (select u.text, analytics_features.fold_text(u.text) as once from unnest(${texts as string[]}::text[]) u (text) offset 0) f
      where f.once <> analytics_features.fold_text(f.once)`),
  ];
  const letters = Array.from({ length: 0xfffd }, (_, i) => String.fromCharCode(i + 1)).filter((each) => !/[\ud800-\udfff]/.test(each));
  t.deepEqual(await changedOf(letters), []);
  t.deepEqual(await changedOf(letters.map((each) => `${each}'я`)), [], "where an apostrophe may be part of a word");
  await fc.assert(
    fc.asyncProperty(fc.array(letter, { minLength: 1, maxLength: 200 }), async (given) => {
      assert.deepEqual(await changedOf(given), []);
    }),
    parameters,
  );
});
