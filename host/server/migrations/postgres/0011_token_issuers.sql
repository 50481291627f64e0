-- Who issued a token is told of whoever shows it. The oldest do not tell.

alter table tokens add column issued_by text;
