/*
 * One row a Kafka message, as it came: what it means is decided in dbt, and can be decided anew. The
 * key is where Kafka has it, so a loader that reads a stretch of the topic twice writes it once:
 * insert … on conflict do nothing.
 */
create schema if not exists bronze;

create table if not exists bronze.product_events (
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  key jsonb not null,
  value jsonb,
  landed_at timestamptz not null default now(),
  primary key (topic, partition, "offset")
);

-- dbt reads what landed since its last run.
create index if not exists product_events_landed_at on bronze.product_events (landed_at);

comment on table  bronze.product_events is 'Change events of the product table, as Debezium''s SQL Server connector writes them to Kafka.';
comment on column bronze.product_events.topic is 'Topic of the message.';
comment on column bronze.product_events.partition is 'Partition of the topic.';
comment on column bronze.product_events."offset" is 'Place in the partition.';
comment on column bronze.product_events.key is 'Primary key of the row that changed.';
comment on column bronze.product_events.value is 'Debezium''s envelope; null for a tombstone.';
comment on column bronze.product_events.landed_at is 'When the message was written here.';
