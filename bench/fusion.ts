import { parseArgs } from "node:util";
import type { TransactionSql } from "postgres";
import { collectionSource, loadCollection } from "../runner/collection.ts";
import { embedQueued } from "../runner/embed.ts";
import { encodeGoldenQueries, evaluate, loadGoldenQueries, unembeddedQueries } from "../runner/evaluate.ts";
import { migrate } from "../runner/migrate.ts";
import { withScratchDatabase } from "../runner/scratch.ts";
import { withModels } from "../runner/session.ts";
import { readSettings } from "../runner/settings.ts";
import { printFoot, printHead, printTable } from "./report.ts";

/*
 * Which way of putting words, trigrams and vectors together is the best, on a collection in the files of
 * BEIR or TREC: nDCG@10 by kind of query of each signal alone over all documents, of reciprocal rank
 * fusion (RRF, k = 60), and of search_products_text() with the weights of settings and with others.
 * On the server of DATABASE_URL, or embedded.
 */
const { values } = parseArgs({
  options: { documents: { type: "string" }, queries: { type: "string" }, judgments: { type: "string" }, columns: { type: "string" } },
});
if (values.documents === undefined || values.queries === undefined || values.judgments === undefined) {
  throw new Error(
    "npm run bench:fusion -- --documents corpus.jsonl --queries queries.jsonl --judgments qrels/test.tsv [--columns vendor_code,price]",
  );
}
const files = {
  documents: values.documents,
  queries: values.queries,
  judgments: values.judgments,
  columns: values.columns?.split(",") ?? [],
};

const weights = [
  // words, trigrams, vectors
  [0.7, 0.15, 0.25],
  [0.7, 0.15, 0.15],
  [0.7, 0.15, 0.35],
  [0.7, 0.15, 0.5],
  [0.6, 0.25, 0.25],
  [0.8, 0.05, 0.25],
  [0.4, 0.4, 0.25],
] as const;

await withScratchDatabase({ ...readSettings(), source: collectionSource }, async (database, settings) => {
  const { sql } = database;
  await sql`create extension if not exists vector`;
  const judgments = await loadCollection(sql, files);
  await migrate(database, settings);
  await loadGoldenQueries(sql, settings.schema, judgments);
  await withModels({ sql }, settings, async (context) => {
    await embedQueued(context);
    await encodeGoldenQueries(context, await unembeddedQueries(sql, settings.schema));
  });
  await sql`select ${sql(settings.schema)}.refresh_word_statistics()`;

  printHead("Which way of mixing words and vectors is best");
  // In a transaction, since its temporary tables are one connection's.
  const columns = await sql.begin((sql) => signals(sql, settings.schema));
  for (const [words, trigrams, vectors] of weights) {
    await sql`
      update ${sql(settings.schema)}.settings
      set word_weight = ${words}, trigram_weight = ${trigrams}, vector_weight = ${vectors}`;
    const scores = await evaluate(sql, settings.schema, 10);
    columns.set(
      `hybrid ${words}:${trigrams}, ${vectors}`,
      new Map(scores.filter(({ mode }) => mode === "hybrid").map(({ kind, ndcg }) => [kind ?? "all", ndcg ?? 0])),
    );
  }

  const kinds = [...(columns.get("words")?.keys() ?? [])];
  printTable(
    ["nDCG@10", ...kinds],
    [...columns].map(([name, figures]) => [name, ...kinds.map((kind) => (figures.get(kind) ?? 0).toFixed(3))]),
  );
  await printFoot(sql);
});

/** nDCG@10 by kind of each signal alone, over all documents, and of the reciprocal ranks of words and vectors. */
async function signals(sql: TransactionSql, name: string): Promise<Map<string, Map<string, number>>> {
  const schema = sql(name);
  await sql`
    create temporary table ranked as
    select q.query, q.kind, r.product_id, r.word_score
    from (select query, min(kind) as kind from ${schema}.golden_queries group by query) q
    cross join lateral ${schema}.rank_words(q.query, 1000) r`;
  await sql`
    create temporary table place as
    select s.query, s.kind, s.grade, s.product_id, s.signal, row_number() over (partition by s.query, s.signal order by s.value desc, s.product_id) as place
    from (
      select q.query, q.kind, w.product_id, coalesce(g.grade, 0) as grade, v.signal, v.value
      from (select query, min(kind) as kind from ${schema}.golden_queries group by query) q
      cross join ${schema}.product_words w
      join ${schema}.product_embeddings e on e.product_id = w.product_id
      left join ranked r on r.query = q.query and r.product_id = w.product_id
      left join ${schema}.golden_queries g on g.query = q.query and g.product_id = w.product_id
      cross join lateral (
        values
          ('words', coalesce(r.word_score, 0)),
          ('trigrams', public.word_similarity(${schema}.fold_text(left(q.query, 200)), w.label)::double precision),
          ('vectors', 2 - (e.embedding operator(public.<=>) ${schema}.query_embedding(q.query)))
      ) v (signal, value)
    ) s
    where s.value > 0`;
  await sql`
    insert into place
    select f.query, f.kind, f.grade, f.product_id, 'RRF', row_number() over (partition by f.query order by f.value desc)
    from (
      select p.query, p.kind, p.grade, p.product_id, sum(1.0 / (60 + p.place)) as value
      from place p
      where p.signal in ('words', 'vectors') and p.place <= 100
      group by p.query, p.kind, p.grade, p.product_id
    ) f`;
  const rows = await sql<{ signal: string; kind: string; ndcg: number }[]>`
    with
      ideal as (
        select i.query, i.kind, sum(i.grade * ln(2) / ln(i.place + 1)) as gain
        from (select g.*, row_number() over (partition by g.query order by g.grade desc) as place from ${schema}.golden_queries g) i
        where i.place <= 10
        group by i.query, i.kind
      ),
      gained as (
        select p.query, p.signal, sum(p.grade * ln(2) / ln(p.place + 1)) as gain from place p where p.place <= 10 group by p.query, p.signal
      )
    select s.signal, coalesce(i.kind, 'all') as kind, avg(coalesce(g.gain / i.gain, 0)) as ndcg
    from ideal i
    cross join (values ('words', 1), ('trigrams', 2), ('vectors', 3), ('RRF', 4)) s (signal, place)
    left join gained g on g.query = i.query and g.signal = s.signal
    group by grouping sets ((s.signal, s.place, i.kind), (s.signal, s.place))
    order by s.place, grouping(i.kind), i.kind`;
  const figures = new Map<string, Map<string, number>>();
  for (const { signal, kind, ndcg } of rows)
    figures.set(signal, (figures.get(signal) ?? new Map<string, number>()).set(kind, Number(ndcg)));
  return figures;
}
