-- The anchor of bookings: the natural transaction, for pgbench. Slots are those from :base on, each taken once.
\set slot :base + :turn * :clients + :client_id
\set turn :turn + 1
\set patient (:slot % :doctors + :slot / :doctors) % :patients
BEGIN;
SELECT doctor_id, starts_at, ends_at FROM slots WHERE id = (:slot_ids || lpad(to_hex(:slot::bigint), 12, '0'))::uuid AND status = 'free' FOR UPDATE \gset
SELECT count(*) AS overlaps FROM appointments WHERE patient_id = (:patient_ids || lpad(to_hex(:patient::bigint), 12, '0'))::uuid AND status <> 'cancelled' AND tstzrange(starts_at, ends_at) && tstzrange(:starts_at::timestamptz, :ends_at::timestamptz) \gset
INSERT INTO appointments (id, reference, slot_id, doctor_id, patient_id, starts_at, ends_at, status, idempotency_key, created_at) VALUES (gen_random_uuid(), upper(lpad(to_hex(:slot::bigint), 8, '0')), (:slot_ids || lpad(to_hex(:slot::bigint), 12, '0'))::uuid, :doctor_id::uuid, (:patient_ids || lpad(to_hex(:patient::bigint), 12, '0'))::uuid, :starts_at::timestamptz, :ends_at::timestamptz, 'booked', 'anchor-' || :slot::bigint, now());
UPDATE slots SET status = 'busy' WHERE id = (:slot_ids || lpad(to_hex(:slot::bigint), 12, '0'))::uuid;
INSERT INTO outbox_messages (id, kind, dedup_key, payload, due_at, created_at) VALUES (gen_random_uuid(), 'anchor', 'anchor-' || :slot::bigint, '{}', now(), now());
COMMIT;
