-- A number that grows with every change that hosts follow: activations, revocations, approvals, tokens, shadows.

create table marks (
    name  text primary key,
    value bigint not null
);

insert into marks (name, value) values ('agreed', 0);
