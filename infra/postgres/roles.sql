-- Databases and roles of the shared stack, each with no more than it needs. Run once by psql as the
-- superuser; CREDENTIALS names the folder with one password a file. Nothing is passed as an argument.
\set ON_ERROR_STOP on
\set mlflow_password `cat "$CREDENTIALS/mlflow_database"`
\set prefect_password `cat "$CREDENTIALS/prefect_database"`
\set backup_password `cat "$CREDENTIALS/backup_database"`

CREATE ROLE mlflow LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'mlflow_password';
CREATE ROLE prefect LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'prefect_password';
-- reads everything, writes nothing: what pg_dump runs as
CREATE ROLE backup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'backup_password';
GRANT pg_read_all_data TO backup;

CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE mlflow_auth OWNER mlflow;
CREATE DATABASE prefect OWNER prefect;
-- by default everybody may connect to every database
REVOKE ALL ON DATABASE mlflow, mlflow_auth, prefect, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE mlflow, mlflow_auth, prefect TO backup;

\connect prefect
-- Prefect searches names by trigrams; it may use the extension but need not own it
CREATE EXTENSION IF NOT EXISTS pg_trgm;
