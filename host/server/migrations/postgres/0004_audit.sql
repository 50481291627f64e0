-- What people and the host did, in order. `../sqlite/0004_audit.sql` says what a row holds.

create table audit_events (
    seq       bigint generated always as identity primary key,
    at        text not null,
    actor     text not null,       -- who did it
    action    text not null,       -- what was done, such as plugin.activated
    subject   text not null,       -- what it was done to
    detail    text not null,       -- JSON
    previous  bytea not null,
    hash      bytea not null unique
);

create trigger audit_events_never_change before update or delete on audit_events
    for each row execute function never();
