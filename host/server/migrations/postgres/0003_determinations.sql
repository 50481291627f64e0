-- Every determination, in the order it was made. `../sqlite/0003_determinations.sql` says what a row holds.

create table determinations (
    seq          bigint generated always as identity primary key,
    id           text not null unique,
    kind         text not null,      -- clearance, plan or call
    recorded_at  text not null,
    record       bytea not null,
    previous     bytea not null,
    hash         bytea not null unique
);

-- Answers that hold for every patient, such as a monograph: kept once, and named in calls by the hash of their text.
create table shared_answers (
    hash  bytea primary key,
    text  bytea not null
);

create function never() returns trigger language plpgsql as $$
begin
    raise exception '% rows never change and are never deleted', tg_table_name;
end;
$$;

create trigger determinations_never_change before update or delete on determinations
    for each row execute function never();

create trigger shared_answers_never_change before update or delete on shared_answers
    for each row execute function never();
