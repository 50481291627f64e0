-- What people and the host did, in order: every determination, every step in the life of a plugin, every change of a site.
--
-- Rows are only ever added. Each carries the hash of the row before it, so that a row that was changed, taken out, moved or
-- slipped in shows. `detail` is JSON, hashed as it is kept. No row holds anything about a patient.

create table audit_events (
    seq       integer primary key,
    at        text not null,
    actor     text not null,       -- who did it
    action    text not null,       -- what was done, such as plugin.activated
    subject   text not null,       -- what it was done to
    detail    text not null,       -- JSON
    previous  blob not null,
    hash      blob not null unique
);

create trigger audit_events_never_change before update on audit_events
begin
    select raise(abort, 'an event never changes');
end;

create trigger audit_events_never_go before delete on audit_events
begin
    select raise(abort, 'an event is never deleted');
end;
