#!/bin/sh
# Run once by the PostgreSQL image when it makes the database: the role that serves requests, which owns nothing.
# What it may do is granted by the migrations.
set -eu
APPLICATION_PASSWORD=$(cat /run/secrets/application_password)
export APPLICATION_PASSWORD
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv application_password APPLICATION_PASSWORD
CREATE ROLE counterfoil_app LOGIN PASSWORD :'application_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
