-- Who may ask. `../sqlite/0006_tokens.sql` says what is kept.

create table tokens (
    id          text primary key,
    hash        text not null unique,  -- SHA-256, hexadecimal; the token itself is 32 random bytes
    person      text not null,
    role        text not null,
    sites       text not null,         -- JSON: ids, for the roles of a site
    issued_at   text not null,
    expires_at  text not null,
    revoked_at  text
);
