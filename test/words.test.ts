import anyTest from "ava";
import { useDatabase } from "./helpers/database.ts";
import { createSample, createSource, drain, queued, registerModel, startOver, unitVector } from "./helpers/source.ts";

const test = anyTest.serial;
const db = useDatabase(anyTest);
test.beforeEach(async () => {
  await startOver(db.sql);
  await createSource(db.sql);
  await db.sql`select analytics_features.attach()`;
});

/** Products by id, name and vendor code, with their words taken up. */
async function insert(products: readonly (readonly [number, string | null, (string | null)?])[]): Promise<void> {
  for (const [id, name, code = null] of products) {
    await db.sql`insert into staging_staging.stg_product (product_id, name, vendor_code) values (${id}, ${name}, ${code})`;
  }
  await indexQueued();
}

/** What a worker does before it encodes anything. */
async function indexQueued(): Promise<void> {
  for (;;) {
    const [row] = await db.sql<{ products: string }[]>`select products from analytics_features.take_up_changes()`;
    if (row?.products === "0") break;
  }
  await db.sql`select analytics_features.refresh_word_statistics(only_if_due => true)`;
}

/** The products that words alone find, best first. */
async function find(query: string, limit = 10): Promise<number[]> {
  const rows = await db.sql<{ id: number }[]>`
    select product_id::integer as id from analytics_features.search_products_text(${query}, ${limit}::integer, null, 'words')`;
  return rows.map(({ id }) => id);
}

/** Enough others that a word is neither in all products nor the only one. */
const others = [
  [901, "Домкрат гидравлический бутылочный 5 т", "DG-5"],
  [902, "Трос буксировочный с крюками", "TB 10"],
  [903, "Огнетушитель порошковый", "OP-2"],
  [904, "Аптечка первой помощи", null],
  [905, "Канистра металлическая 20 л", "K20"],
] as const;

test("inflection, case, ё and е, and accents do not matter, in Russian and in English", async (t) => {
  await insert([
    ...others,
    [1, "Щётка стеклоочистителя"],
    [2, "Колодки тормозные передние"],
    [3, "Brake discs, ventilated"],
    [4, "Café Größe Señor"],
  ]);
  for (const [query, id] of [
    ["щетки СТЕКЛООЧИСТИТЕЛЕЙ", 1],
    ["ЩЁТКОЙ", 1],
    ["тормозных колодок", 2],
    ["Передняя колодка", 2],
    ["brake disc", 3],
    ["DISCS", 3],
    ["cafe senor", 4],
    ["große", 4],
  ] as const) {
    t.deepEqual((await find(query))[0], id, query);
  }
});

test("й is a letter of its own, however it was typed", async (t) => {
  await insert([...others, [1, "Чай"], [2, "Чаи".normalize("NFD")]]);
  t.is((await find("чай".normalize("NFD")))[0], 1);
  const [row] = await db.sql`select analytics_features.fold_text(${"ЁЖ Й é".normalize("NFD")}) as folded`;
  t.is(row?.folded, "еж й e");
});

test("a vendor code is found whole and in part, with separators and without, with letters that look alike", async (t) => {
  await insert([
    ...others,
    [1, "Пневмоподушка", "SABO520067C"],
    [2, "Пневмоподушка другая", "SABO520068C"],
    [3, "Диск", "1K0 615 301 AA"],
    [4, "Диск", "1K0 615 302 AA"],
    [5, "Шланг ВАЗ 2108", "2108-3506060"],
    [6, "Кран", "464 006 100 0"],
    [7, "Кран", "464 006 101 0"],
  ]);
  for (const [query, id] of [
    ["SABO520067C", 1],
    ["sabo520067c", 1],
    ["SABO 520067 C", 1],
    ["SABO-520067", 1],
    ["520067", 1],
    ["520067C", 1],
    ["САВО520067С", 1], // Cyrillic САВО and С
    ["5200681", undefined],
    ["SABO52006", 1], // a beginning
    ["1K0615301AA", 3],
    ["1k0-615-302-aa", 4],
    ["1К0 615 301 АА", 3], // Cyrillic К and АА
    ["2108 3506060", 5],
    ["3506060", 5],
    ["ВАЗ2108", 5],
    ["4640061000", 6],
    ["464.006.101.0", 7],
  ] as const) {
    if (id !== undefined) t.is((await find(query))[0], id, query);
    else t.notThrows(() => find(query));
  }
});

test("a product with all words and numbers comes before one with a shorter name that lacks a number", async (t) => {
  await insert([
    ...others,
    [1, "Apple iPhone 15 Pro 256GB Natural Titanium"],
    [2, "Apple iPhone 15 Pro Max 512GB"],
    [3, "Apple iPhone 15 128GB Black"],
    [4, "Apple iPhone 14 Pro 128GB Purple"],
    [5, "Silicone case for iPhone 15 Pro"],
  ]);
  t.is((await find("apple iphone 15 pro 256 gb"))[0], 1);
});

test("an exact code or name comes first, before all that merely contain it", async (t) => {
  await insert([
    ...others,
    [1, "Фильтр масляный"],
    [2, "Фильтр масляный фильтр масляный фильтр масляный"],
    [3, "Фильтр"],
    [4, "Кронштейн для 40-06", "40-06 40-06"],
    [5, "Болт", "40-06"],
    [6, "Болт", "40-06-1"],
  ]);
  t.is((await find("Фильтр масляный"))[0], 1);
  t.is((await find("фильтр"))[0], 3);
  t.is((await find("4006"))[0], 5);
  const [first] = await db.sql`select score from analytics_features.search_products_text('40-06', 1, null, 'words')`;
  t.true(first?.score > 1);
});

test("one letter wrong, missing, too many or swapped still finds the word", async (t) => {
  await insert([
    ...others,
    [1, "Амортизатор передний"],
    [2, "Бампер задний"],
    [3, "Колодки тормозные"],
    [4, "Крыло левое"],
    [5, "Подшипник ступицы"],
  ]);
  for (const [query, id] of [
    ["амартизатор", 1],
    ["амотризатор", 1],
    ["амортизаттор", 1],
    ["бамепр", 2],
    ["калодки", 3],
    ["тармазные калодки", 3],
    ["крло", 4],
    ["подшибник", 5],
    ["падшипник ступици", 5],
  ] as const) {
    t.is((await find(query))[0], id, query);
  }
});

test("a make is found in the other script", async (t) => {
  await insert([
    ...others,
    [1, "Фара левая Skoda Octavia"],
    [2, "Фара левая тойота камри"],
    [3, "Фара левая Kia Rio"],
    [4, "Фара левая Nissan Qashqai"],
  ]);
  for (const [query, id] of [
    ["фара на октавию", 1],
    ["фара шкода", 1],
    ["фара toyota camry", 2],
    ["фара киа рио", 3],
    ["фара кашкай", 4],
  ] as const) {
    t.is((await find(query))[0], id, query);
  }
});

test("the beginning of a word finds it, as one types", async (t) => {
  await insert([...others, [1, "Стеклоподъёмник"], [2, "Свеча накаливания"]]);
  t.is((await find("стеклопо"))[0], 1);
  t.is((await find("накали"))[0], 2);
});

test("a synonym counts at once, both ways, for phrases too, and no longer when it is deleted", async (t) => {
  await insert([...others, [1, "Щётка стеклоочистителя бескаркасная"], [2, "Стекло лобовое"], [3, "Граната внутренняя"]]);
  t.deepEqual(await find("дворники"), []);
  await db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('дворник', 'щётки стеклоочистителя'), ('граната', 'ШРУС')`;
  t.is((await find("ДВОРНИКИ"))[0], 1);
  t.is((await find("шрус"))[0], 3);
  t.is((await find("новые дворники"))[0], 1);
  await db.sql`update analytics_features.synonyms set phrase = 'очиститель' where phrase = 'дворник'`;
  t.deepEqual(await find("дворники"), []);
  t.is((await find("очистители"))[0], 1);
  await db.sql`delete from analytics_features.synonyms`;
  t.deepEqual(await find("шрус"), []);
  const error = await t.throwsAsync(db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('!', 'x')`.then());
  t.is((error as { code?: string }).code, "23514");
});

test("a rare word counts more than a common one, and in a name more than elsewhere", async (t) => {
  await insert([
    ...Array.from({ length: 30 }, (_, i) => [100 + i, `Фильтр воздушный ${i}`] as const),
    [1, "Фильтр акпп"],
    [2, "Поддон акпп"],
  ]);
  // One word of two each: the rare one decides.
  t.deepEqual((await find("фильтр акпп")).slice(0, 2), [1, 2]);
  await db.sql`alter table staging_staging.stg_product add column description text`;
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, description)
    values (3, 'Прокладка', 'для насоса'), (4, 'Насос', 'для прокладки')`;
  await indexQueued();
  t.deepEqual(await find("насос"), [4, 3]);
  t.deepEqual(await find("прокладка"), [3, 4]);
});

test("words are taken up without a model, follow each change, and go with the product", async (t) => {
  await insert([...others, [1, "Лебёдка"]]);
  t.deepEqual(await find("лебедка"), [1]);
  t.is((await db.sql`select from analytics_features.product_embeddings`).length, 0);

  await db.sql`update staging_staging.stg_product set name = 'Таль' where product_id = 1`;
  await indexQueued();
  t.deepEqual(await find("лебедка"), []);
  t.deepEqual(await find("таль"), [1]);

  await db.sql`delete from staging_staging.stg_product where product_id = 1`;
  t.deepEqual(await find("таль"), [], "gone at once, before anybody looks at the queue");
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (1, 'Таль')`;
  t.deepEqual(await find("таль"), [1], "and back at once: its words were kept");
});

test("of numbers and codes only what several products have is counted beforehand, and one that a single product has when it is asked for", async (t) => {
  await insert([...others, [1, "Фильтр масляный", "AB-123456"], [2, "Фильтр воздушный", "CD-777"], [3, "Фильтр салона", "CD-777"]]);
  await db.sql`select analytics_features.refresh_word_statistics()`;
  const counted = await db.sql<{ word: string }[]>`
    select word from analytics_features.word_statistics where word ~ '[0-9]' and products > 0 order by word`;
  t.deepEqual(
    counted.map(({ word }) => word),
    ["#777", "#cd777", "777"],
  );
  t.is((await db.sql`select from analytics_features.word_statistics where word in ('#ab', '#cd', 'фильтр')`).length, 3);

  const term = async (query: string) =>
    (
      await db.sql`
        select t.group_no, t.weight, t.idf = analytics_features.idf(2, c.products) as is_of_both
        from analytics_features.query_terms(${query}) t cross join analytics_features.word_totals c
        where t.term::text = ${`'#${query}'`} and t.group_no > 0`
    ).map((row) => ({ ...row }));
  // Of the word and of the code together, which are one meaning.
  t.deepEqual(await term("123456"), [{ group_no: 1, weight: 1, is_of_both: true }]);
  t.deepEqual(await find("123456"), [1]);
  t.deepEqual(await find("12345"), [1], "by its beginning");

  await db.sql`insert into staging_staging.stg_product (product_id, name, vendor_code) values (4, 'Фильтр топливный', 'EF-900900')`;
  await db.sql`select analytics_features.take_up_changes()`;
  t.is((await find("900900"))[0], 4);
  t.deepEqual(await term("900900"), [{ group_no: 1, weight: 1, is_of_both: true }], "before the words are counted again");
});

test("a claim takes up words that nothing took up before", async (t) => {
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (1, 'Лебёдка')`;
  t.deepEqual(await find("лебедка"), []);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`select analytics_features.refresh_word_statistics()`;
  t.deepEqual(await find("лебедка"), [1]);
});

test("missing words are said by the status, found by comparing, and taken up without encoding anything", async (t) => {
  await createSample(db.sql);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`delete from analytics_features.product_words where product_id < 7807554`;
  const notes = async () =>
    (await db.sql<{ notes: string[] }[]>`select notes from analytics_features.compute_status()`)[0]?.notes.join("\n") ?? "";
  t.regex(await notes(), /The words of 2 products are not as they are now/);
  const [row] = await db.sql`select analytics_features.reconcile()::integer as queued`;
  t.is(row?.queued, 2);
  t.is(await drain(db.sql, await registerModel(db.sql)), 0);
  t.notRegex(await notes(), /The words of/);
  t.deepEqual(await queued(db.sql), []);
});

test("another language is one setting and a comparison", async (t) => {
  await insert([...others, [1, "Bremsbeläge vorne"], [2, "Ölfilter"]]);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update analytics_features.settings set words_config = 'german'`;
  await db.sql`select analytics_features.reconcile()`;
  await indexQueued();
  t.is((await find("Bremsbelag"))[0], 1);
  const [row] = await db.sql`select distinct config::text from analytics_features.product_words`;
  t.is(row?.config, "german");
});

test("a language that the functions would not find is refused when it is set, whatever the session's search_path", async (t) => {
  await db.sql.unsafe("create text search configuration public.parts (copy = pg_catalog.german)");
  t.teardown(() => db.sql.unsafe("drop text search configuration public.parts"));
  await insert([...others, [1, "Bremsbeläge vorne"]]);
  await drain(db.sql, await registerModel(db.sql));
  for (const name of ["parts", "klingon"]) {
    const error = await t.throwsAsync(async () => db.sql`update analytics_features.settings set words_config = ${name}`);
    t.regex(error?.message ?? "", /violates check constraint "settings_words_config_check"/);
  }
  await db.sql`update analytics_features.settings set words_config = 'public.parts'`;
  await db.sql`select analytics_features.index_words()`;
  t.is((await find("Bremsbelag"))[0], 1);
});

test("words of vanished products go with their vectors, and with a full pass when they had none", async (t) => {
  await insert([
    [1, "Лебёдка"],
    [2, "Таль"],
  ]);
  const words = async () =>
    (await db.sql`select product_id::integer as id from analytics_features.product_words order by 1`).map(({ id }) => id);
  await db.sql`delete from staging_staging.stg_product where product_id = 1`;
  await db.sql`select analytics_features.full_pass()`;
  t.deepEqual(await words(), [2]);
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`update analytics_features.settings set vanished_grace = '0', vanished_hold_share = 1`;
  await db.sql`delete from staging_staging.stg_product`;
  await drain(db.sql, await registerModel(db.sql));
  await db.sql`select analytics_features.maintain('w1')`;
  t.deepEqual(await words(), []);
});

test("matched words are those of the product, and the query's best is ranked and scored", async (t) => {
  await insert([...others, [1, "Щётка стеклоочистителя SWF", "AR601S"]]);
  const [hit] = await db.sql`
    select word_rank, word_score > 0 as scored, score, matched_words, vector_rank, distance, used_vectors
    from analytics_features.search_products_text('щетки swf ar601', 1, null, 'words')`;
  t.deepEqual(
    { ...hit },
    {
      word_rank: 1,
      scored: true,
      score: 1,
      matched_words: ["щетка", "swf", "ar601s"],
      vector_rank: null,
      distance: null,
      used_vectors: false,
    },
  );
});

test("texts that are odd or monstrous are taken up, and the others with them", async (t) => {
  await insert([
    [1, "x".repeat(3000)],
    [2, `Лебёдка ${"слово ".repeat(200_000)}`],
    [3, `${"1-a/".repeat(20_000)}`],
    [4, "😀 ﷽ \u202e abc\u0301 \u0000".replace("\u0000", "")],
    [5, null],
    [6, "''; drop table staging_staging.stg_product; --"],
    [7, "Таль"],
  ]);
  t.is((await find("лебедка"))[0], 2);
  t.is((await find("таль"))[0], 7);
  t.is((await find("'; drop table"))[0], 6);
  t.is((await db.sql`select from analytics_features.product_words`).length, 7);
});

test("of a text of thousands of codes as many are taken up as fit, those of its beginning first, and nothing else is held up", async (t) => {
  let state = 1;
  const random = (n: number) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  // Runs of letters and digits in turn have the most parts: a megabyte of terms is more than a tsvector holds.
  const codes = Array.from({ length: 500 }, () =>
    Array.from({ length: 32 }, () => String.fromCharCode(97 + random(26)) + random(10)).join(""),
  ).join(" ");
  await insert([...others, [1, `Сопло ${codes}`, `${codes.split(" ").reverse().join(" ")}`], [2, "Таль"]]);
  t.deepEqual(await find("сопло"), [1]);
  t.is((await find(codes.slice(0, 20)))[0], 1, "a code at the beginning is found by its beginning");
  t.deepEqual(await find("таль"), [2]);
});

test("of a word that thousands have, as many are found as are asked for and pass a filter", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price, is_active)
    select g, 'Фильтр ' || case when g % 3 = 0 then 'масляный' else 'воздушный' end || ' ' || g, g, g % 2 = 0 from generate_series(1, 6000) g`;
  await db.sql`select analytics_features.index_words()`;
  await db.sql`insert into staging_staging.stg_product (product_id, name, vendor_code) values (9001, 'Фильтр', 'F-1'), (9002, 'Фильтр масляный', 'F-2')`;
  await db.sql`select analytics_features.index_words(array[9001, 9002])`;
  for (const [query, id] of [
    ["фильтр", 9001],
    ["ФИЛЬТР МАСЛЯНЫЙ", 9002],
    ["f1", 9001],
  ] as const) {
    t.is((await find(query, 1))[0], id, `${query}: exact comes first among thousands`);
  }
  await db.sql`delete from staging_staging.stg_product where product_id > 9000`;
  for (const [query, filter, passing] of [
    ["фильтр", {}, 6000],
    ["фильтр масляный", { is_active: true }, 3000],
    ["фильтр", { price: { "<=": 2500 } }, 2500],
    ["фильтр", { price: { "<=": 150 } }, 150],
    ["масляные", { is_active: true, price: { ">": 2000 } }, 667],
    ["фильтр", { price: 17 }, 1],
    ["фильтр", { price: -1 }, 0],
  ] as const) {
    for (const limit of [1, 40, 700, 3000]) {
      const rows = await db.sql<{ id: number }[]>`
        select product_id::integer as id
        from analytics_features.search_products_text(${query}, ${limit}::integer, ${JSON.stringify(filter)}::text::jsonb, 'words')`;
      const label = `${query} ${JSON.stringify(filter)} ${limit}`;
      t.is(rows.length, Math.min(limit, passing), label);
      t.is(new Set(rows.map(({ id }) => id)).size, rows.length, label);
    }
  }
});

test("the few that have the words in their name come before the many that mention them, wherever in the table they stand", async (t) => {
  await db.sql.unsafe(`
    alter table staging_staging.stg_product add column description text;
    insert into staging_staging.stg_product (product_id, name, description)
    select i, 'Сумка ' || i, 'для ключа, троса и гидравлического домкрата' from generate_series(1, 1500) i;
    insert into staging_staging.stg_product (product_id, name, description)
    select i, 'Домкрат гидравлический на ' || i || ' тонн', 'с ручкой, в пластиковом ящике, с паспортом и гарантией' from generate_series(2001, 2003) i;
    insert into staging_staging.stg_product (product_id, name) select i, 'Лампа ' || i from generate_series(3001, 12000) i`);
  await db.sql`select analytics_features.index_words()`;
  await db.sql`select analytics_features.refresh_word_statistics()`;
  const named = [2001, 2002, 2003];
  for (const query of ["домкраты", "гидравлический домкрат"]) {
    const found = await find(query, 5);
    t.deepEqual([...found.slice(0, 3)].sort(), named, query);
    t.is(found.length, 5, query);
  }
  // A word that is the beginning of codes too, of which either would do.
  await db.sql`update staging_staging.stg_product set description = replace(description, 'домкрата', 'jack') where product_id <= 1500`;
  await db.sql`update staging_staging.stg_product set name = replace(name, 'Домкрат', 'Jack') where product_id in ${db.sql(named)}`;
  await db.sql`update staging_staging.stg_product set vendor_code = 'JACK-' || product_id where product_id between 3001 and 3003`;
  await db.sql`select analytics_features.index_words()`;
  await db.sql`select analytics_features.refresh_word_statistics()`;
  t.deepEqual(
    (await find("jack", 6)).sort((a, b) => a - b),
    [...named, 3001, 3002, 3003],
  );
  // So common that products are read in their order.
  await db.sql`delete from staging_staging.stg_product where product_id > 3000`;
  await db.sql`delete from analytics_features.product_words where product_id > 3000`;
  await db.sql`select analytics_features.refresh_word_statistics()`;
  t.deepEqual([...(await find("jack", 5)).slice(0, 3)].sort(), named);
});

test("products that were made anew under other ids are found, however many dead ones have the same words", async (t) => {
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price, deleted)
    select i, 'Домкрат гидравлический ' || i % 200, i, false from generate_series(1, 400) i`;
  await db.sql`select analytics_features.index_words()`;
  await db.sql`select analytics_features.refresh_word_statistics()`;
  for (const gone of ["update staging_staging.stg_product set deleted = true", "delete from staging_staging.stg_product"]) {
    await db.sql.unsafe(`${gone} where product_id <= 390`);
    t.deepEqual(
      (await find("домкрат", 20)).sort((a, b) => a - b),
      Array.from({ length: 10 }, (_, i) => 391 + i),
      gone,
    );
  }
});

test("beside a filter that many pass, the nearest do not stand in for products that have the words", async (t) => {
  const model = await registerModel(db.sql);
  await db.sql`
    insert into staging_staging.stg_product (product_id, name, price)
    select i, case when i <= 500 then 'Домкрат ' else 'Лампа ' end || i, i % 10 from generate_series(1, 25000) i`;
  await db.sql`select analytics_features.index_words()`;
  await db.sql`select analytics_features.refresh_word_statistics()`;
  await db.sql`
    insert into analytics_features.product_embeddings (product_id, embedding, model_id, document_hash)
    select 1000 + i, ${unitVector(1)}::vector, ${model}, sha256('lamp') from generate_series(0, 990, 10) i`;
  await db.sql`
    insert into analytics_features.query_embeddings (query, model_id, embedding)
    values (analytics_features.query_key('домкрат'), ${model}, ${unitVector(1)})`;
  const found = await db.sql<{ name: string; used_vectors: boolean }[]>`
    select name, used_vectors from analytics_features.search_products_text('домкрат', 10, '{"price": 0}')`;
  t.is(found.length, 10);
  for (const { name, used_vectors } of found) t.true(used_vectors && name.startsWith("Домкрат"), name);
});

test("words that no product has, however many, do not hide the one that is known", async (t) => {
  await insert([...others, [1, "Таль цепная"]]);
  const said = "подскажите пожалуйста какой недорогой надёжный компактный домкрат посоветуете купить новичку";
  t.deepEqual(await find(said), [901]);
  t.deepEqual(await find(said, 1000), [901]);
  // Nor does a word that was not counted yet.
  await db.sql`insert into staging_staging.stg_product (product_id, name) values (2, 'Кракозябра левая')`;
  await db.sql`select analytics_features.take_up_changes()`;
  t.deepEqual(await find(`${said} кракозябру`), [2, 901]);
});

test("a synonym of several words is taken without its stop words, and a product with some of its words is found as before", async (t) => {
  await insert([
    ...others,
    [1, "Масло для двигателя 5W-40"],
    [2, "Масло трансмиссионное"],
    [3, "Прокладка двигателя"],
    [4, "Лампа галогенная H7"],
  ]);
  const before = await find("масло для двигателя");
  await db.sql`
    insert into analytics_features.synonyms (phrase, same_as)
    values ('моторка', 'масло для двигателя'), ('h7', 'прожектор'), ('огонь в ночи', 'лампа'), ('5w-40', 'смазка'), ('то чем льют на мотор зимой и летом', 'масло для двигателя')`;
  t.is((await find("моторка"))[0], 1);
  t.deepEqual(await find("масло для двигателя"), before);
  t.is((await find("прожектор"))[0], 4);
  t.is((await find("смазка"))[0], 1);
  t.is((await find("огонь в ночи"))[0], 4);
  t.is((await find("то чем льют на мотор зимой и летом"))[0], 1);
  // From the other side, where letters and digits touch.
  await db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('h11', 'таль'), ('ваз2107', 'аптечка')`;
  await insert([[5, "Таль цепная"]]);
  t.is((await find("h11"))[0], 5);
  t.is((await find("ваз2107"))[0], 904);
  t.is((await find("новая ваз2107"))[0], 904);
  const [hit] = await db.sql`select matched_words from analytics_features.search_products_text('огонь в ночи', 1, null, 'words')`;
  t.deepEqual(hit?.matched_words, ["лампа"]);
  await db.sql`delete from analytics_features.synonyms`;
});

test("of a code the part that matched is shown, and not a longer number that begins alike", async (t) => {
  await insert([...others, [1, "Лампа галогенная H7 24V 70W"]]);
  const [hit] = await db.sql`select matched_words from analytics_features.search_products_text('h7', 1, null, 'words')`;
  t.deepEqual(hit?.matched_words, ["h7"]);
});

test("how much of a query a product has is by the rarity of its words, and a word that nobody has is the rarest", async (t) => {
  await insert([...others, [1, "Лебёдка ручная"]]);
  const [idf] = await db.sql<{ of_one: number; of_none: number }[]>`
    select analytics_features.idf(1, products) as of_one, analytics_features.idf(0, products) as of_none from analytics_features.word_totals`;
  if (idf === undefined) throw new Error("There are no totals.");
  const unknown = await db.sql`
    select group_no, term, weight, idf = ${idf.of_none} as is_rarest
    from analytics_features.query_terms('лебедка и ъщцфжх') where group_no > 0 and term is null`;
  t.deepEqual(
    unknown.map((row) => ({ ...row })),
    [{ group_no: 3, term: null, weight: 0, is_rarest: true }],
  );
  const coverage = async (query: string) => {
    const rows = await db.sql<{ id: number; coverage: number | null }[]>`
      select product_id::integer as id, coverage from analytics_features.rank_words(${query}, 10, array[901]) order by 1`;
    return new Map(rows.map((row) => [row.id, row.coverage]));
  };
  t.is((await coverage("лебедка ручная")).get(1), 1);
  t.is((await coverage("ручной")).get(1), 1);
  t.is((await coverage("лебедка домкрат")).get(1), 0.5);
  t.is((await coverage("лебедка домкрат")).get(901), 0.5);
  const half = (await coverage("лебедка и ъщцфжх")).get(1) ?? 0;
  t.true(Math.abs(half - idf.of_one / (idf.of_one + idf.of_none)) < 1e-9);
  // A synonym stands in for the word, which then is no longer one that nobody has.
  await db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('ъщцфжх', 'ручная')`;
  t.true(((await coverage("лебедка ъщцфжх")).get(1) ?? 0) > 0.9);
});

test("a word of two scripts is the one that it looks like", async (t) => {
  const unmixed = async (text: string) => (await db.sql`select analytics_features.unmix_text(${text}) as text`)[0]?.text;
  // Latin a, Cyrillic а, and words of both in which nobody can tell.
  for (const [mixed, one] of [
    ["мaз 5440", "маз 5440"],
    ["sаchs", "sachs"],
    ["vква3567", "vkba3567"],
    ["оcь и ocь", "ось и ось"],
    ["gsmтелефон abs-датчик", "gsmтелефон abs-датчик"],
    ["маз mas", "маз mas"],
  ] as const) {
    t.is(await unmixed(mixed), one, mixed);
  }
  await insert([...others, [1, "Амортизатор кабины М\u0041З"], [2, "Фильтр S\u0410CHS"]]);
  t.deepEqual(await find("маз"), [1]);
  t.deepEqual(await find("м\u0061з"), [1]);
  t.deepEqual(await find("sachs"), [2]);
  await db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('минчанин', 'м\u0061з')`;
  t.deepEqual(await find("минчанин"), [1]);
});

test("an apostrophe within a Ukrainian or Belarusian word may be any of its signs or left out, and a soft hyphen is none", async (t) => {
  await insert([
    ...others,
    [1, "М’яч футбольний"],
    [2, "Ґудзики дерев'яні"],
    [3, "Сімʼя, книга"],
    [4, "T\u00fcr\u00adklinke Edelstahl"],
    [5, "Men's coat, L'Oréal"],
  ]);
  for (const [query, id] of [
    ["мяч", 1],
    ["м'яч", 1],
    ["М`ЯЧ", 1],
    ["деревяні", 2],
    ["деревʼяні", 2],
    ["сім'я", 3],
    ["сімя", 3],
    ["türklinke", 4],
    ["TÜR\u00adKLINKE", 4],
    ["men coat", 5],
    ["oreal", 5],
  ] as const) {
    t.deepEqual((await find(query))[0], id, query);
  }
  await db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('м’ячик', 'деревяні')`;
  t.is((await find("мячик"))[0], 2);
});

test("letters that a keyboard lacks may be typed as those that look or sound like them", async (t) => {
  await insert([
    ...others,
    [1, "Іскерлік костюм"],
    [2, "Әліппе кітабы"],
    [3, "Кніга Ўладзіміра"],
    [4, "Straßenbeleuchtung weiß"],
    [5, "Жіночі черевики"],
  ]);
  for (const [query, id] of [
    ["искерлик", 1],
    ["алиппе", 2],
    ["уладзимира", 3],
    ["strassenbeleuchtung", 4],
    ["жиночи", 5],
  ] as const) {
    t.deepEqual((await find(query))[0], id, query);
  }
});

test("what some write with a hyphen, others in two words and others in one, is one word", async (t) => {
  await insert([
    ...others,
    [1, "Men's T-shirt with a V\u2010neck, cotton"],
    [2, "Cotton shirt"],
    [3, "Linen shirt, crew neck"],
    [4, "Wi-Fi роутер"],
    [5, "WiFi адаптер"],
    [6, "Mouse pad"],
    [7, "Laptop ThinkPad X1"],
    [8, "Сканер штрих-кода"],
    [9, "Роутер проводной"],
  ]);
  for (const [query, ids] of [
    ["T-SHIRT", [1]],
    ["t shirt", [1]],
    ["tshirts", [1]],
    ["vneck", [1]],
    ["v-neck shirt", [1]],
    ["shirt", [2]],
    ["wifi роутер", [4]],
    ["wi fi роутер", [4]],
    ["wifi", [4, 5]],
    ["wi-fi", [4, 5]],
    ["think pad", [7]],
    ["mouse pad", [6]],
    ["штрихкод", [8]],
  ] as const) {
    t.deepEqual((await find(query)).slice(0, ids.length).sort(), [...ids], query);
  }
});

test("a query that was typed with the other keyboard layout is read as the same keys give it", async (t) => {
  await insert([...others, [1, "Пылесос Dyson"], [2, "Наушники Sony"], [3, "Куртка мужская с обувью"], [4, "Фильтр масляный"]]);
  for (const [query, ids] of [
    ["gsktcjc", [1]],
    ["YFEIYBRB", [2]],
    ["ыщтн", [2]],
    ["rehnrf ve;crfz", [3]],
    ["j,edm", [3]],
    ["abkmnh vfckzysq", [4]],
    // What is known as it stands, has a digit or gives no word either is left as it is.
    ["sony gsktcjc", [2]],
    ["gsktcjc 5", [901]],
    ["qwzxqwzx", []],
  ] as const) {
    t.deepEqual(await find(query), [...ids], query);
  }
});

test("as one types, what begins so comes before what a typing error would make of it", async (t) => {
  const hats = Array.from({ length: 30 }, (_, i) => [100 + i, "Cotton hat"] as const);
  await insert([...others, ...hats, [1, "Water bottle, steel"], [2, "Bottle for water"]]);
  t.deepEqual((await find("wat")).slice(0, 2).sort(), [1, 2]);
});

test("Chinese and Japanese words are found within a run of letters", async (t) => {
  await insert([
    ...others,
    [1, "索尼无线降噪耳机 WH-1000XM5"],
    [2, "苹果手机 iPhone 15"],
    [3, "洗衣机 8公斤"],
    [4, "ワイヤレスヘッドホン ソニー"],
    [5, "子供用自転車"],
  ]);
  for (const [query, id] of [
    ["耳机", 1],
    ["耳机 索尼", 1],
    ["索尼耳机 wh-1000xm5", 1],
    ["手机", 2],
    ["iphone手机", 2],
    ["洗衣", 3],
    ["ヘッドホン", 4],
    ["ﾍｯﾄﾞﾎﾝ", 4],
    ["自転車", 5],
  ] as const) {
    t.is((await find(query))[0], id, query);
  }
  await db.sql`insert into analytics_features.synonyms (phrase, same_as) values ('headset', '耳机')`;
  t.deepEqual(await find("headset"), [1]);
});
