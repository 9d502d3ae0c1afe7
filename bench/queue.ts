import { connect, type Sql } from "../runner/database.ts";
import { createFeed, withBenchDatabase } from "./database.ts";
import { median, milliseconds, printNote, printTable, quantile } from "./report.ts";

/*
 * What the triggers cost a writer and what the bookkeeping costs a worker, side by side in one run
 * on a server: BENCH_DATABASE_URL=postgres://root@127.0.0.1:5432/postgres npm run bench:queue -- 61000
 * Makes a database of its own and drops it. Machines are noisy: trust the ratios.
 */
const products = Number(process.argv[2] ?? 61_000);
const rounds = 5;

const clients = 8;
const updatesOfAClient = 250;

/* The least that an outbox filled by triggers can cost: the ids of each statement are noted, and nothing is compared. */
const kinds = ["without", "ids only", "with"] as const;
const outbox = `
  create table public.outbox (id bigint generated always as identity primary key, noted_at timestamptz not null default now(), product_ids bigint[]);
  create function public.note_new() returns trigger language plpgsql as $$
    begin insert into public.outbox (product_ids) select array_agg(r.product_id) from new_rows r; return null; end $$;
  create function public.note_old() returns trigger language plpgsql as $$
    begin insert into public.outbox (product_ids) select array_agg(r.product_id) from old_rows r; return null; end $$;
`;
const attach = {
  without: "",
  "ids only": `
    create trigger i after insert on staging_staging.stg_product referencing new table as new_rows for each statement execute function public.note_new();
    create trigger u after update on staging_staging.stg_product referencing new table as new_rows for each statement execute function public.note_new();
    create trigger d after delete on staging_staging.stg_product referencing old table as old_rows for each statement execute function public.note_old();
  `,
  with: "select analytics_features.attach();",
};
const detach = `
  select analytics_features.detach();
  drop trigger if exists i on staging_staging.stg_product;
  drop trigger if exists u on staging_staging.stg_product;
  drop trigger if exists d on staging_staging.stg_product;
`;

await withBenchDatabase(({ sql, url }) => measure(sql, url), "What triggers cost a writer, and bookkeeping a worker");

async function measure(sql: Sql, url: string): Promise<void> {
  await sql.unsafe(`
    create schema staging_staging;
    create table staging_staging.stg_product (product_id bigint, name text, vendor_code text, weight numeric, length numeric, width numeric,
      height numeric, price numeric(12,2), is_active boolean, category_id bigint, created_at timestamp, updated_at timestamp, ingested_at timestamp, deleted boolean);
    create index on staging_staging.stg_product (product_id)`);
  await createFeed(sql, products);
  await sql.unsafe(outbox);

  const statements: [string, string, number][] = [
    ["insert", "insert into staging_staging.stg_product select * from public.feed", 1],
    ["update, text changes", "update staging_staging.stg_product set price = price + 1", 1],
    ["update, text stays", "update staging_staging.stg_product set updated_at = now()", 1],
    ["delete", "delete from staging_staging.stg_product", 1],
    ["update of one row, committed, 200 times", "update staging_staging.stg_product set price = price + 1 where product_id = 7", 200],
  ];
  const none = () => ({ without: [] as number[], "ids only": [] as number[], with: [] as number[] });
  const latencies = none();
  const times = new Map(statements.map(([label]) => [label, none()]));
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      await sql.unsafe(detach + attach[kind]);
      await sql.unsafe(
        "truncate staging_staging.stg_product, public.outbox, analytics_features.product_queue, analytics_features.product_changes",
      );
      for (const [label, statement, repeat] of statements) {
        if (repeat > 1) await sql.unsafe("insert into staging_staging.stg_product select * from public.feed limit 1000");
        await sql.unsafe("checkpoint");
        times.get(label)?.[kind].push(
          await milliseconds(async () => {
            for (let i = 0; i < repeat; i++) await sql.unsafe(statement);
          }),
        );
      }
      latencies[kind].push(...(await concurrently(url)));
    }
  }
  const row = (label: string, ofEach: (kind: (typeof kinds)[number]) => number, digits: number) => {
    const figures = kinds.map(ofEach);
    const ratios = figures.slice(1).map((figure) => (figure / (figures[0] ?? 1)).toFixed(2));
    return [label, ...figures.map((figure) => figure.toFixed(digits)), ...ratios];
  };
  printTable(
    [`${products} rows`, "without, ms", "ids only, ms", "with triggers, ms", "ids only to without", "with to without"],
    [
      ...[...times].map(([label, each]) => row(label, (kind) => median(each[kind]), 0)),
      ...[0.5, 0.99].map((share) =>
        row(`update of one row, committed, by ${clients} at a time, p${share * 100}`, (kind) => quantile(latencies[kind], share), 2),
      ),
    ],
  );
  printNote(
    `The median of ${rounds} rounds. "Ids only" are three triggers that insert the ids of a statement into a table and compare nothing: the least that an outbox filled by triggers costs.`,
  );

  const worker: string[][] = [];
  const add = async (label: string, run: () => Promise<unknown>) => worker.push([label, (await milliseconds(run)).toFixed(0)]);
  await sql.unsafe(`
    select analytics_features.detach(); drop index staging_staging.stg_product_product_id_idx;
    truncate staging_staging.stg_product; insert into staging_staging.stg_product select * from public.feed;
    truncate analytics_features.product_queue, analytics_features.product_changes; analyze staging_staging.stg_product`);
  await sql`select analytics_features.register_model('bench', 'none', 'none', 384, 'mean', 256)`;
  await add("attach to the full table", () => sql`select analytics_features.attach()`);
  await add("take up the words of all", () => sql`select analytics_features.index_words()`);
  await sql`select * from analytics_features.take_up_changes(${products}::integer)`;
  await sql`select * from analytics_features.claim_products('bench')`;
  await add("claim of 320", () => sql`select * from analytics_features.claim_products('bench')`);
  await sql.unsafe(`
    insert into analytics_features.product_embeddings (product_id, embedding, model_id, document_hash)
      select product_id, l2_normalize(array_fill(1, array[384])::vector), analytics_features.active_model_id(), document_hash
      from analytics_features.product_documents();
    truncate analytics_features.product_claims`);
  await add("claim that finds all of them unchanged", () => sql`select * from analytics_features.claim_products('bench')`);
  await add("reconcile that finds nothing", () => sql`select analytics_features.reconcile()`);
  await add("embedding_status", () => sql`select * from analytics_features.embedding_status`);
  printTable([`${products} products, no index on product_id`, "ms"], worker);
}

/** Milliseconds of each update, by clients that each have rows of their own, so that none waits for a row. */
async function concurrently(url: string): Promise<number[]> {
  const connections = await Promise.all(
    Array.from({ length: clients }, async () => {
      const connection = connect(url, 1);
      await connection`select 1`;
      return connection;
    }),
  );
  const all = await Promise.all(
    connections.map(async (connection, client) => {
      const each: number[] = [];
      for (let i = 0; i < updatesOfAClient; i++) {
        each.push(
          await milliseconds(() =>
            connection.unsafe(
              `update staging_staging.stg_product set price = price + 1 where product_id = ${1 + client + clients * (i % 100)}`,
            ),
          ),
        );
      }
      return each;
    }),
  );
  await Promise.all(connections.map((connection) => connection.end()));
  return all.flat();
}
