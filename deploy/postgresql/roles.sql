-- One login per process, and one that owns the tables. Run before `signpost db upgrade`, as a superuser of the server,
-- in the database of Signpost; safe to run again. Passwords are set elsewhere; the rights on tables are in grants.sql.
SET client_min_messages = warning;
BEGIN;
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['signpost_migrations', 'signpost_intake', 'signpost_advisor', 'signpost_clock', 'signpost_relay', 'signpost_deliverer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO signpost_migrations;
-- Tables of a database that was created with another owner.
DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relowner <> 'signpost_migrations'::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO signpost_migrations', name);
    END LOOP;
END $$;
-- Whatever a migration creates: its ids can be drawn by each process, its rows are read by none until grants.sql says so.
ALTER DEFAULT PRIVILEGES FOR ROLE signpost_migrations IN SCHEMA public GRANT USAGE ON SEQUENCES
    TO signpost_intake, signpost_advisor, signpost_clock, signpost_relay, signpost_deliverer;
COMMIT;
