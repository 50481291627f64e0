-- Candidates that run beside the active version on live requests and change no answer.

create table shadows (
    id          text primary key,
    name        text not null,
    digest      text not null references plugins (digest),
    sites       text,                -- JSON: ids; left out: every site that approved it
    share       integer not null,    -- of a hundred requests
    budget      integer not null,    -- requests it may still run on
    compared    integer not null,
    skipped     integer not null,    -- requests it had no time for
    started_by  text not null,
    started_at  text not null,
    ended_at    text
);

-- Differences by what differs, with the newest requests that show it.
create table shadow_differences (
    shadow      text not null references shadows (id),
    what        text not null,       -- JSON: checkpoint, and its state in both; or the verdicts
    count       integer not null,
    examples    text not null,       -- JSON: ids of determinations
    primary key (shadow, what)
);
