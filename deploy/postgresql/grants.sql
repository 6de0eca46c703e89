-- What each process may do with each table. Run after `signpost db upgrade`, as signpost_migrations or a superuser; safe
-- to run again. A test compares it with the tables: a new table needs a row here.
BEGIN;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM signpost_intake, signpost_advisor, signpost_clock, signpost_relay, signpost_deliverer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO signpost_intake, signpost_advisor, signpost_clock, signpost_relay, signpost_deliverer;
GRANT SELECT ON alembic_version TO signpost_intake, signpost_advisor, signpost_clock, signpost_relay, signpost_deliverer;

-- The intake stores webhooks and events and answers reads; it sees of the outbox only its age, and no consumers.
GRANT SELECT ON cases, recommendations, feed, feed_heads, feed_erased, standings TO signpost_intake;
GRANT SELECT, INSERT, UPDATE ON buckets, signed_messages TO signpost_intake;
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries, delivery_cases, delivery_ids TO signpost_intake;
GRANT SELECT, INSERT, DELETE ON calendar_links, page_sessions TO signpost_intake;
GRANT SELECT ON erasures, digest_keys, usage, options TO signpost_intake;
GRANT INSERT, SELECT (id, created) ON outbox TO signpost_intake;
GRANT SELECT, INSERT, UPDATE, DELETE ON endpoints, endpoint_messages TO signpost_intake;
GRANT SELECT, DELETE ON endpoint_items, endpoint_attempts TO signpost_intake;

-- The advisor folds events into cases, and erases.
GRANT SELECT, INSERT, UPDATE, DELETE ON cases, seen_events, recommendations, feed, outbox, rulebooks, standings TO signpost_advisor;
GRANT SELECT (id, tenant), DELETE ON deliveries TO signpost_advisor;
GRANT SELECT, DELETE ON delivery_cases, delivery_ids TO signpost_advisor;
GRANT SELECT, INSERT, UPDATE ON erasures, feed_heads TO signpost_advisor;
GRANT SELECT, INSERT ON feed_erased TO signpost_advisor;
GRANT SELECT (tenant, case_key), DELETE ON calendar_links, endpoint_attempts TO signpost_advisor;
GRANT SELECT (tenant) ON endpoints TO signpost_advisor;
GRANT SELECT, INSERT, UPDATE, DELETE ON announcements TO signpost_advisor;
GRANT SELECT (id, tenant, case_key, body), UPDATE (body), DELETE ON endpoint_messages TO signpost_advisor;
GRANT SELECT (tenant, case_key), UPDATE (body) ON endpoint_items TO signpost_advisor;
GRANT SELECT ON digest_keys TO signpost_advisor;
GRANT SELECT ON consumers, usage, options TO signpost_advisor;

-- The clock re-evaluates cases, deletes what is old, and measures the bytes of each tenant; it does not see which case an
-- event belongs to.
GRANT SELECT, INSERT, UPDATE ON cases TO signpost_clock;
GRANT SELECT, INSERT, UPDATE, DELETE ON recommendations TO signpost_clock;
GRANT SELECT, INSERT, DELETE ON feed TO signpost_clock;
GRANT SELECT (tenant, source, id, received_at), DELETE ON seen_events TO signpost_clock;
GRANT SELECT (tenant, position), DELETE ON feed_erased TO signpost_clock;
GRANT SELECT, INSERT, DELETE ON standings TO signpost_clock;
GRANT SELECT, INSERT, UPDATE ON feed_heads TO signpost_clock;
GRANT SELECT, INSERT, DELETE ON usage TO signpost_clock;
GRANT SELECT ON options TO signpost_clock;
GRANT INSERT, DELETE, SELECT (id) ON outbox TO signpost_clock;
GRANT SELECT, INSERT, UPDATE, DELETE ON rulebooks TO signpost_clock;
GRANT SELECT, DELETE ON deliveries TO signpost_clock;
GRANT SELECT (delivery), DELETE ON delivery_cases, delivery_ids TO signpost_clock;
GRANT SELECT (until), DELETE ON signed_messages TO signpost_clock;
GRANT SELECT (tenant) ON endpoints TO signpost_clock;
GRANT INSERT ON announcements TO signpost_clock;

-- The relay publishes the outbox, and sweeps what was erased out of the queues of dead letters and unrouted advice; it
-- knows the names of consumers, whose dead letters it deletes after a time.
GRANT SELECT, UPDATE, DELETE ON outbox TO signpost_relay;
GRANT SELECT ON erasures, digest_keys, consumers TO signpost_relay;

-- The deliverer posts what was announced; it sees no case.
GRANT SELECT, UPDATE ON endpoints TO signpost_deliverer;
GRANT SELECT, DELETE ON announcements TO signpost_deliverer;
GRANT SELECT, INSERT, UPDATE, DELETE ON endpoint_messages, endpoint_items TO signpost_deliverer;
GRANT SELECT, INSERT, DELETE ON endpoint_attempts TO signpost_deliverer;
COMMIT;
