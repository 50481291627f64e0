-- Answers to writes that came with an Idempotency-Key.

create table kept_answers (
    caller     text not null,
    key        text not null,
    request    text not null,        -- SHA-256 of what was asked, hexadecimal
    asked_at   text not null,
    status     bigint,               -- left out while it is under way
    headers    text,                 -- JSON
    body       bytea,
    primary key (caller, key)
);
