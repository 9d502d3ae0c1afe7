#!/usr/bin/env bash
# Run once, by the PostgreSQL image when its volume is empty: the four logins that sql/dba.sql names, none a
# superuser. Nothing of ours runs as postgres.
set -euo pipefail

psql -qX -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "$POSTGRES_DB" <<'SQL'
-- From the environment: everybody on the machine reads a command line.
\getenv password LOGIN_PASSWORD
create role analytics login password :'password';
create role dbt login password :'password';
create role embedder login password :'password';
create role searcher login password :'password';
select format('grant create on database %I to dbt', current_database()) \gexec
SQL
psql -qX -U "${POSTGRES_USER:-postgres}" -d "$POSTGRES_DB" -v owner=analytics -v dbt=dbt -v worker=embedder -v reader=searcher \
  -f "${DBA_SQL:-/product-embeddings/dba.sql}"
