-- Development only: reset and commit run as a superuser. Elsewhere a DBA has done this once.
create extension if not exists vector;
create extension if not exists pg_trgm;
