"""The pipeline that this project took the place of, as its description has it: read, encode, upsert row by row."""

import json
import os
import resource
import sys

import psycopg2
import psycopg2.extras
from model import load

excluded = {"product_id", "updated_at", "created_at", "deleted"}


def text_of(row):
    parts = []
    for field, value in row.items():
        if field in excluded or value is None:
            continue
        parts.append(f"{field}: {('yes' if value else 'no') if isinstance(value, bool) else value}")
    return ". ".join(parts)


def main(limit):
    with psycopg2.connect(sys.argv[1]) as conn, conn.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cur:
        cur.execute("create schema if not exists pipeline")
        cur.execute(
            "create table if not exists pipeline.product_embeddings"
            " (product_id bigint primary key, embedding vector(384), updated_at timestamp default now())"
        )
        cur.execute("select * from staging_staging.stg_product order by ingested_at desc limit %s", (limit,))
        products = cur.fetchall()
        vectors = load().encode(
            [text_of(product) for product in products],
            batch_size=int(os.environ.get("EMBEDDING_BATCH_SIZE", 32)),
            normalize_embeddings=True,
        )
        cur.executemany(
            "insert into pipeline.product_embeddings (product_id, embedding) values (%s, %s)"
            " on conflict (product_id) do update set embedding = excluded.embedding, updated_at = now()",
            [(product["product_id"], vector.tolist()) for product, vector in zip(products, vectors)],
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"stored": len(products), "megabytes": peak}))


main(int(sys.argv[2]))
