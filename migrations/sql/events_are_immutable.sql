-- An event that stands in the log stays as it is, whoever asks.
create function events_are_immutable() returns trigger language plpgsql as $$
begin
    raise exception 'events are immutable: % refused', tg_op using errcode = 'restrict_violation';
end
$$;
create trigger events_are_immutable before update or delete on events
    for each row execute function events_are_immutable();
create trigger events_are_never_truncated before truncate on events
    for each statement execute function events_are_immutable();
alter table events enable always trigger events_are_immutable;
alter table events enable always trigger events_are_never_truncated;
revoke update, delete, truncate on events from public;
