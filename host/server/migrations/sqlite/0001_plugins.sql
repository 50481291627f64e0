-- The plugins a host ever ran, and which one answers today.
--
-- Bytes are kept by digest and never change, so that a determination of last year can be run again on the very bytes
-- it was made with. Activating is an event: the newest row of a name says which digest answers, the older ones say
-- which did before.

create table plugins (
    digest     text primary key,     -- sha256:...
    name       text not null,
    version    text not null,
    kind       text not null,        -- product or payer
    publisher  text not null,
    manifest   text not null,        -- canonical JSON of plugin.toml
    origin     text not null,        -- snapshot: made by our engines; foreign: by anyone else
    bytes      blob not null,
    loaded_at  text not null
);

create table activations (
    seq           integer primary key,
    name          text not null,
    digest        text not null references plugins (digest),
    source        text not null,     -- bundled: came with the binary; loaded: by a person
    activated_at  text not null
);

create index activations_by_name on activations (name, seq);

-- What the binary carries is text. A recipe names the text and the engine that reads it; the plugin made of it is
-- made once.
create table recipes (
    recipe  text primary key,
    digest  text not null references plugins (digest)
);
