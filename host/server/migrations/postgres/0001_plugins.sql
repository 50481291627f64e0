-- The plugins a host ever ran, and which one answers today. `../sqlite/0001_plugins.sql` says why it is so.

create table plugins (
    digest     text primary key,     -- sha256:...
    name       text not null,
    version    text not null,
    kind       text not null,        -- product or payer
    publisher  text not null,
    manifest   text not null,        -- canonical JSON of plugin.toml
    origin     text not null,        -- snapshot: made by our engines; foreign: by anyone else
    bytes      bytea not null,
    loaded_at  text not null
);

create table activations (
    seq           bigint generated always as identity primary key,
    name          text not null,
    digest        text not null references plugins (digest),
    source        text not null,     -- bundled: came with the binary; loaded: by a person
    activated_at  text not null
);

create index activations_by_name on activations (name, seq);

create table recipes (
    recipe  text primary key,
    digest  text not null references plugins (digest)
);
