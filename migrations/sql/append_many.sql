-- Appends many independent requests in one statement. See narratix/events/store.py for its caller.
--
-- Under one advisory lock, held until the commit, so that positions are given in commit order:
-- readers may ask for "position > last" and never miss an event. Each request is answered by
-- itself (ok, duplicate, conflict, fenced); none can fail its neighbours. One NOTIFY per call.
--
-- events, one array element each; request[] numbers 1..requests, ascending:
--   expected[]      the stream's version before this request, or null for "any"
-- fences, one element each (at most one per request): the work row that this request settles.
--   It must still be held by (attempt, owner), or the request is refused as 'fenced'.
--   settle[]        the state the row gets; 'ready' again runs after delay[] seconds.
--
-- hash = sha256(previous hash of the stream (nothing for the first)
--               || utf8(position \n event_id \n stream_id \n version \n type \n schema_version \n
--                       recorded_at in microseconds since 1970 \n data \n metadata))
create function append_many(
    requests integer,
    request integer[], event_ids uuid[], streams uuid[], expected integer[],
    types text[], schema_versions smallint[], datas text[], metadatas text[],
    fence_request integer[], fence_work bigint[], fence_attempt integer[], fence_owner text[],
    settle text[], delay double precision[]
) returns table (outcome text, last_position bigint, last_version integer)
language plpgsql
set lock_timeout = '10s'
as $$
declare
    head bigint;
    before bigint;
    total integer := coalesce(array_length(event_ids, 1), 0);
    fences integer := coalesce(array_length(fence_work, 1), 0);
    i integer := 1;       -- the first event of the current request
    j integer;            -- the first event after it
    k integer;
    f integer := 1;       -- the next fence
    fenced boolean;
    held boolean;
    stream_version integer;
    previous bytea;
    digest bytea;
    at timestamptz;
begin
    perform pg_advisory_xact_lock(72374631);
    -- one order of locks everywhere: the log, then work rows by id
    if fences > 0 then
        perform 1 from work w where w.id = any(fence_work) order by w.id for update;
    end if;
    select coalesce(max(e.position), 0) into head from events e;
    before := head;

    for r in 1..requests loop
        j := i;
        while j <= total and request[j] = r loop j := j + 1; end loop;
        fenced := f <= fences and fence_request[f] = r;
        held := not fenced or exists (
            select 1 from work w
            where w.id = fence_work[f] and w.state = 'running'
              and w.attempt = fence_attempt[f] and w.owner = fence_owner[f]);
        outcome := 'ok';
        last_position := null;
        last_version := null;

        if j > i then
            -- a repetition is harmless, also when its work row was settled with the first
            select max(e.position), max(e.version) into last_position, last_version
            from events e where e.event_id = any(event_ids[i:j - 1]);
            if last_position is not null then outcome := 'duplicate'; end if;
        end if;
        if outcome = 'ok' and not held then outcome := 'fenced'; end if;
        if outcome = 'ok' then
            for k in i..j - 1 loop
                continue when expected[k] is null;
                select coalesce(max(e.version), 0) into stream_version from events e where e.stream_id = streams[k];
                if stream_version <> expected[k] then
                    outcome := 'conflict';
                    last_version := stream_version;
                    exit;
                end if;
            end loop;
        end if;

        if outcome = 'ok' then
            for k in i..j - 1 loop
                select e.version, e.hash into stream_version, previous
                from events e where e.stream_id = streams[k] order by e.version desc limit 1;
                stream_version := coalesce(stream_version, 0) + 1;
                head := head + 1;
                at := clock_timestamp();
                digest := sha256(coalesce(previous, ''::bytea) || convert_to(
                    head || E'\n' || event_ids[k] || E'\n' || streams[k] || E'\n' || stream_version || E'\n'
                    || types[k] || E'\n' || schema_versions[k] || E'\n'
                    || (extract(epoch from at) * 1000000)::bigint || E'\n'
                    || datas[k] || E'\n' || metadatas[k], 'UTF8'));
                insert into events (position, event_id, stream_id, version, type, schema_version,
                                    data, metadata, recorded_at, hash)
                values (head, event_ids[k], streams[k], stream_version, types[k], schema_versions[k],
                        datas[k]::json, metadatas[k]::json, at, digest);
            end loop;
            if j > i then
                last_position := head;
                last_version := stream_version;
            end if;
        end if;

        if fenced then
            if held and outcome in ('ok', 'duplicate') then
                update work w
                set state = settle[f], owner = null, lease_until = null,
                    settled_at = case when settle[f] = 'ready' then null else now() end,
                    run_at = now() + make_interval(secs => delay[f])
                where w.id = fence_work[f];
            end if;
            f := f + 1;
        end if;
        i := j;
        return next;
    end loop;

    if head > before then
        perform pg_notify('narratix_events', head::text);
    end if;
end
$$;
