-- The places that give doses, as their people describe them.
--
-- A site is replaced whole. What a clearance saw of it is kept with that clearance, not here.

create table sites (
    id          text primary key,
    profile     text not null,       -- JSON
    changed_at  text not null
);
