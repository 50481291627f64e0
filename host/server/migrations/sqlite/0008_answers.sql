-- Answers to writes that came with an Idempotency-Key, so that asking again does nothing twice.

create table kept_answers (
    caller     text not null,
    key        text not null,
    request    text not null,        -- SHA-256 of what was asked, hexadecimal
    asked_at   text not null,
    status     integer,              -- left out while it is under way
    headers    text,                 -- JSON
    body       blob,
    primary key (caller, key)
);
