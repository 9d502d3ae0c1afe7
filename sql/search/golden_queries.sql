/*
 * What a search should find, judged by people: by it a change of model, words or weights is known to be
 * better or worse. By the text and not by a number, because the text is all that a search is given. No
 * foreign key: the products are dbt's, and a judgment may outlive its product.
 */
create table if not exists :PGVECTOR_SCHEMA.golden_queries (
  query text not null check (btrim(query) <> ''),
  product_id bigint not null,
  grade smallint not null check (grade >= 0),
  kind text not null default '',
  primary key (query, product_id)
);

comment on table  :PGVECTOR_SCHEMA.golden_queries is 'Queries and how well products answer them, by which evaluate_search() measures.';
comment on column :PGVECTOR_SCHEMA.golden_queries.query is 'What somebody types.';
comment on column :PGVECTOR_SCHEMA.golden_queries.product_id is 'A product that was judged for it; what is not judged counts as 0.';
comment on column :PGVECTOR_SCHEMA.golden_queries.grade is '3 is what was meant, 2 good, 1 acceptable, 0 of no use. Any scale will do: its steps are the gain.';
comment on column :PGVECTOR_SCHEMA.golden_queries.kind is 'Kind of query, the same for all rows of one; each is measured for itself.';
