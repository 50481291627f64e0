-- The places that give doses, as their people describe them. A site is replaced whole.

create table sites (
    id          text primary key,
    profile     text not null,       -- JSON
    changed_at  text not null
);
