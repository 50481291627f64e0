-- Checkpoints set aside by two people, for a time.

create table break_glass (
    id            text primary key,
    site          text not null,
    case_id       text not null,
    checkpoint    text not null,
    determination text not null,        -- the clearance it was asked for
    fingerprint   text not null,        -- the order it holds for
    hours         bigint not null,
    reason        text not null,
    asked_by      text not null,
    asked_at      text not null,
    confirmed_by  text,
    confirmed_at  text,
    until         text,
    ended_by      text,
    ended_at      text,
    ended_because text,
    review_due    text,
    reviewed_by   text,
    reviewed_at   text,
    justified     bigint,               -- 1: it was, 0: it was not
    findings      text
);

create index break_glass_sites on break_glass (site);

-- The clearances it was told to.
create table break_glass_uses (
    break_glass   text not null references break_glass (id),
    determination text not null,
    primary key (break_glass, determination)
);
