-- From published to answering: who may sign, what they signed, what a site approved, what is to be activated, what was revoked.
--
-- Nothing here decides by itself that a plugin answers: `activations` says which one is active, `approvals` who may be
-- answered by it, and `revocations` takes both away.

-- What the people of this store agreed on, as JSON: see `lifecycle::Rules`.
create table settings (
    name   text primary key,
    value  text not null
);

create table publishers (
    id        text primary key,
    added_at  text not null
);

-- A retired key signs nothing new; what it signed before stands. A revoked key never counted.
create table publisher_keys (
    key          text primary key,   -- ed25519, hexadecimal
    publisher    text not null references publishers (id),
    role         text not null,      -- author, clinical or contract
    enrolled_at  text not null,
    retired_at   text,
    revoked_at   text
);

create table signatures (
    digest    text not null references plugins (digest),
    key       text not null references publisher_keys (key),
    envelope  text not null,         -- DSSE, JSON
    added_at  text not null,
    primary key (digest, key)
);

-- What was checked when the plugin was published, step by step, as JSON. What came with the binary has none.
alter table plugins add column verification text;

create index plugins_by_name on plugins (name, version);

-- A site approves one digest, or a range of versions of a publisher.
create table approvals (
    id            text primary key,
    site          text not null references sites (id),
    plugin        text,              -- left out: every plugin of the publisher
    digest        text,
    publisher     text,
    versions      text,              -- a range, such as ^1.2
    reason        text not null,
    approved_by   text not null,
    approved_at   text not null,
    withdrawn_by  text,
    withdrawn_at  text,
    withdrawn_because text
);

create index approvals_by_site on approvals (site);

-- That a digest is to answer for a name: proposed by one person, confirmed by another, now or at a time.
create table proposals (
    id           text primary key,
    name         text not null,
    digest       text not null references plugins (digest),
    before       text,               -- what was active when it was proposed
    due_at       text,               -- left out: as soon as it is confirmed
    reason       text not null,
    differences  text not null,      -- JSON: what it changes
    proposed_by  text not null,
    proposed_at  text not null,
    state        text not null,      -- proposed, scheduled, done, rejected or failed
    decided_by   text,
    decided_at   text,
    decided_because text
);

create index proposals_by_state on proposals (state);

-- No version below this answers for the name, not even by a roll back.
create table floors (
    name     text primary key,
    version  text not null
);

create table revocations (
    seq         integer primary key,
    digest      text not null unique,
    reason      text not null,
    revoked_at  text not null
);

-- Where each case stands: the clearance that holds, the bytes it rests on, and whether it must be cleared again.
create table cases (
    site              text not null,
    case_id           text not null,
    determination     text not null,
    product           text not null,
    product_digest    text not null,
    payer             text not null,
    payer_digest      text not null,
    last_day          text not null, -- the last dose it cleared; the case is open until then
    reopened_because  text,
    primary key (site, case_id)
);
