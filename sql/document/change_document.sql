/*
 * One place for every change of what a document is: both texts of each product are rendered in one statement,
 * before and after, and a dry run ends in a subtransaction that is rolled back. A change that is meant leaves
 * queueing to the comparison, so that exactly the products whose text changed are queued.
 */
create or replace function :PGVECTOR_SCHEMA.change_document(fields jsonb, hook text, changes_hook boolean, dry_run boolean)
returns table (products bigint, changed_texts bigint, failed bigint, encodings bigint, minutes numeric, examples jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'iso_8601'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
#variable_conflict use_column
declare
  v_before text;
begin
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.document_fields'), 1);
  perform :PGVECTOR_SCHEMA.lock_source();
  begin
    -- With their places from before, so that the way back leads to the same text.
    perform :PGVECTOR_SCHEMA.remember_order();
    begin
      v_before := :PGVECTOR_SCHEMA.document_query();
    exception when sqlstate 'PE029' then
      -- A hook that is gone must not be in the way of doing without it; nothing can be compared then.
      if not changes_hook then
        raise;
      end if;
    end;
    if fields is not null then
      perform :PGVECTOR_SCHEMA.store_fields(fields);
    end if;
    if changes_hook then
      update :PGVECTOR_SCHEMA.settings s set document_hook = change_document.hook;
    end if;
    execute format(
      $sql$
        with
          changed as materialized (
            select
              a.product_id, a.error, a.texts,
              a.error is null and a.document_hash is distinct from b.document_hash as is_changed,
              case when a.error is null and a.document_hash is distinct from b.document_hash then
                :PGVECTOR_SCHEMA.shown_document(b.document, b.texts, b.weights)
              end as before,
              case when a.error is null and a.document_hash is distinct from b.document_hash then
                :PGVECTOR_SCHEMA.shown_document(a.document, a.texts, a.weights)
              end as after
            from (%s) a
            left join (%s) b on b.product_id = a.product_id
          )
        select
          count(*),
          count(*) filter (where c.is_changed),
          count(c.error),
          (
            select count(distinct hashtextextended(t.text, 0))
            from changed c
            cross join lateral unnest(c.texts) t (text)
            where c.is_changed and not exists (
              select
              from :PGVECTOR_SCHEMA.text_embeddings e
              where cardinality(c.texts) > 1 and e.model_id = :PGVECTOR_SCHEMA.active_model_id()
                and e.text_hash = sha256(convert_to(t.text, 'UTF8'))
            )
          ),
          (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('product_id', e.product_id, 'before', e.before, 'after', e.after, 'error', e.error)))
            from (
              (select * from changed c where c.is_changed order by c.product_id limit 3)
              union all
              (select * from changed c where c.error is not null order by c.product_id limit 1)
            ) e
          )
        from changed c
      $sql$,
      :PGVECTOR_SCHEMA.document_query(),
      coalesce(v_before, :PGVECTOR_SCHEMA.document_query())
    ) into products, changed_texts, failed, encodings, examples;
    if dry_run then
      raise exception using errcode = 'DRYRN';
    end if;
  exception when sqlstate 'DRYRN' then
    null;
  end;
  minutes := round((encodings / :PGVECTOR_SCHEMA.usual_throughput() / 60)::numeric, 1);
  if not coalesce(dry_run, false) then
    if changes_hook then
      -- What the former hook said of products; those that this one fails for as well are judged anew.
      delete from :PGVECTOR_SCHEMA.product_failures f where f.document_hash is null;
    end if;
    perform :PGVECTOR_SCHEMA.reconcile();
  end if;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.change_document(jsonb, text, boolean, boolean) is
  'Changes fields or hook, or only shows what that would do: live products, how many texts change, of how many the hook fails, distinct texts to encode, minutes that takes at the usual pace, and a few examples. Queues what changed. Raises PE001, PE002, PE005, PE024, PE029.';
