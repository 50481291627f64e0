-- Candidates beside the active version. `../sqlite/0007_shadows.sql` says what a row holds.

create table shadows (
    id          text primary key,
    name        text not null,
    digest      text not null references plugins (digest),
    sites       text,                -- JSON: ids; left out: every site that approved it
    share       bigint not null,    -- of a hundred requests
    budget      bigint not null,    -- requests it may still run on
    compared    bigint not null,
    skipped     bigint not null,    -- requests it had no time for
    started_by  text not null,
    started_at  text not null,
    ended_at    text
);

-- Differences by what differs, with the newest requests that show it.
create table shadow_differences (
    shadow      text not null references shadows (id),
    what        text not null,       -- JSON: checkpoint, and its state in both; or the verdicts
    count       bigint not null,
    examples    text not null,       -- JSON: ids of determinations
    primary key (shadow, what)
);
