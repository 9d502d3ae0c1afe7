/*
 * What a DBA runs once in the database, as a superuser or its cloud equivalent; everything after it
 * needs no more than the roles named here:
 *
 *   psql -d analytics -v owner=analytics -v dbt=dbt -v worker=embedder -v reader=bi -v operator=oncall -f sql/dba.sql
 *
 * owner   who runs npm run migrate, and whom our tables and functions belong to
 * dbt     who runs dbt: attaches the triggers to its own table, reads the vectors
 * worker  who runs npm run worker, npm run embed (leave it out if that is the owner)
 * reader  who searches and looks at the status, and may do nothing else
 * operator who sees failures and comparisons too, and may have failed products tried again
 *
 * Each is a login that exists; leave out whom you do not have, and run it again for more of them.
 * Then: npm run migrate.
 */
\set ON_ERROR_STOP on

create extension if not exists vector;
create extension if not exists pg_trgm;

-- Who may create in public must not have a function of his called by a superuser.
set search_path = pg_catalog, pg_temp;

-- create role has no "if not exists".
select format('create role %I nologin', r)
from unnest(array['product_embeddings_reader', 'product_embeddings_operator', 'product_embeddings_attacher', 'product_embeddings_worker']) r
where not exists (select from pg_roles where rolname = r)
\gexec

\if :{?owner}
  select format('grant create on database %I to %I', current_database(), :'owner') \gexec
\endif
\if :{?dbt}
  grant product_embeddings_attacher to :"dbt";
\endif
\if :{?worker}
  grant product_embeddings_worker to :"worker";
\endif
\if :{?reader}
  grant product_embeddings_reader to :"reader";
\endif
\if :{?operator}
  grant product_embeddings_reader, product_embeddings_operator to :"operator";
\endif

-- Where we are installed already, the new groups get their rights now.
select format('select %I.grant_roles()', n.nspname)
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where p.proname = 'grant_roles'
  and exists (select from pg_proc s where s.pronamespace = n.oid and s.proname = 'tg__product_changed')
\gexec
