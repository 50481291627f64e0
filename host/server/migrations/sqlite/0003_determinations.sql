-- Every determination, in the order it was made: what was asked, each plugin call with its answer, what was answered.
--
-- Rows are only ever added. Each carries the hash of the row before it, so that a row that was changed, taken out or
-- slipped in shows. A record is JSON, {"request", "calls", "answer"}, compressed with zstd and hashed as it is kept.

create table determinations (
    seq          integer primary key,
    id           text not null unique,
    kind         text not null,      -- clearance, plan or call
    recorded_at  text not null,
    record       blob not null,
    previous     blob not null,
    hash         blob not null unique
);

create trigger determinations_never_change before update on determinations
begin
    select raise(abort, 'a determination never changes');
end;

create trigger determinations_never_go before delete on determinations
begin
    select raise(abort, 'a determination is never deleted');
end;

-- Answers that hold for every patient, such as a monograph: kept once, and named in calls by the hash of their text.
create table shared_answers (
    hash  blob primary key,
    text  blob not null
);

create trigger shared_answers_never_change before update on shared_answers
begin
    select raise(abort, 'an answer never changes');
end;

create trigger shared_answers_never_go before delete on shared_answers
begin
    select raise(abort, 'an answer is never deleted');
end;
