-- Appends many independent requests in one statement. See narratix/events/store.py for its caller.
--
-- Under one advisory lock, held until the commit, so that positions are given in commit order:
-- readers may ask for "position > last" and never miss an event. Each request is answered by
-- itself; none can fail its neighbours. One NOTIFY per call.
--
--   ok         all of its events were written, and its work row was settled
--   duplicate  one of its events stands in the log already; nothing was written
--   fenced     its work row is held by somebody else by now
--   conflict   a stream is not at the version it expected, or it would add the result of work to a job
--              that has ended; last_version is where the stream is
--   invalid    it could not be stored: not JSON, a NUL, one id twice, an unknown way to settle
--
-- events, one array element each; request[] numbers 1..requests, ascending:
--   expected[]      the stream's version before this request, or null for "any"
-- fences, one element each, ascending (at most one per request): the work row that this request
--   settles. It must still be held by (attempt, owner), or the request is refused as 'fenced'.
--   settle[]        the state the row gets; with delay[] seconds, 'ready' becomes 'waiting' first.
--
-- hash = sha256(previous hash of the stream (nothing for the first)
--               || utf8(position \n event_id \n stream_id \n version \n type \n schema_version \n
--                       recorded_at in microseconds since 1970 \n data \n metadata))

-- One link of the chain. As a window over a stream's new events, in order, it hashes them all.
create function link(digest bytea, previous bytea, event text) returns bytea
language plpgsql immutable parallel safe as $$
begin
    return sha256(coalesce(digest, previous, ''::bytea) || convert_to(event, 'UTF8'));
end
$$;
create aggregate chain(previous bytea, event text) (sfunc = link, stype = bytea);

-- Whether the log can keep this text. JSON may spell a NUL, but no query could ever read it.
create function is_storable(document text) returns boolean
language plpgsql immutable parallel safe as $$
begin
    perform document::json;
    return document is not null and document !~ '(^|[^\\])(\\\\)*\\u0000';
exception when data_exception or program_limit_exceeded then
    return false;
end
$$;

-- What ends a job, and what takes it up again.
create index events_endings_idx on events (stream_id, version)
where type in ('JobCompleted', 'JobFailed', 'JobCancelled', 'JobRetried', 'DramaExpired');

create view turning_points as
select stream_id, version, type from events
where type in ('JobCompleted', 'JobFailed', 'JobCancelled', 'JobRetried', 'DramaExpired');

create function job_has_ended(job uuid) returns boolean
language sql stable parallel safe as $$
    select coalesce((
        select t.type <> 'JobRetried' from turning_points t where t.stream_id = job order by t.version desc limit 1
    ), false)
$$;

create or replace function append_many(
    requests integer,
    request integer[], event_ids uuid[], streams uuid[], expected integer[],
    types text[], schema_versions smallint[], datas text[], metadatas text[],
    fence_request integer[], fence_work bigint[], fence_attempt integer[], fence_owner text[],
    settle text[], delay double precision[]
) returns table (outcome text, last_position bigint, last_version integer)
language plpgsql
-- with its owner's rights, so that a service needs none to insert into the log past it
security definer
set search_path = public, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off  -- a plan made while the log was short must also do when it is long
as $$
#variable_conflict use_column
declare
    head bigint;           -- the last position before this call
    at timestamptz;
    microseconds bigint;
    total constant integer := coalesce(cardinality(event_ids), 0);
    fences constant integer := coalesce(cardinality(fence_work), 0);
    plain boolean;         -- nothing is wrong with any request
    -- of each request:
    outcomes text[];
    actual integer[];      -- the version that it did not expect
    firsts integer[];      -- the numbers of its first and its last event
    lasts integer[];
    -- of each event: the position that it gets
    places bigint[];
    versions integer[];    -- of the events that were written, in order
    -- of each fence: whether its row changes
    settles boolean[];
    -- while deciding one by one: what the requests so far will have done
    written_ids uuid[] := '{}';
    written_streams uuid[] := '{}';
    written_types text[] := '{}';
    settled bigint[] := '{}';
    i integer := 1;        -- the first event of the current request
    j integer;             -- the first event after it
    k integer;
    f integer := 1;        -- the next fence
    fenced boolean;
    held boolean;
    ended boolean;
    endings constant text[] := array['JobCompleted', 'JobFailed', 'JobCancelled', 'DramaExpired'];
    verdict text;
    stream_version integer;
begin
    perform pg_advisory_xact_lock(72374631);
    -- one order of locks everywhere: the log, then work rows by id
    if fences > 0 then
        perform 1 from work w where w.id = any(fence_work) order by w.id for update;
    end if;
    select coalesce(max(e.position), 0) into head from events e;
    at := clock_timestamp();
    microseconds := (extract(epoch from at) * 1000000)::bigint;

    -- 1. Is all of it fine? Then it is decided at once.
    begin
        perform datas::json[], metadatas::json[];
        plain := strpos(array_to_string(datas || metadatas, ''), '\u0000') = 0;
    exception when data_exception or program_limit_exceeded then
        plain := false;
    end;
    if plain and total > 0 then
        select count(*) = count(distinct new.id)
               and not exists (select from events e where e.event_id = any(event_ids))
        into plain from unnest(event_ids) as new (id);
    end if;
    if plain and cardinality(array_remove(expected, null)) > 0 then
        select bool_and(new.expected is null or new.expected = new.earlier + coalesce(
                   (select e.version from events e where e.stream_id = new.stream_id order by e.version desc limit 1), 0))
        into plain
        from (
            select n.expected, n.stream_id, rank() over (partition by n.stream_id order by n.request) - 1 as earlier
            from unnest(request, streams, expected) as n (request, stream_id, expected)
        ) as new;
    end if;
    if plain and fences > 0 then
        select count(*) = fences and count(distinct w.id) = fences
               and bool_and(f.settle in ('done', 'ready', 'waiting', 'dead', 'cancelled') and f.delay >= 0 and f.delay < 1e9)
        into plain
        from unnest(fence_work, fence_attempt, fence_owner, settle, delay) as f (work_id, attempt, owner, settle, delay)
        join work w on w.id = f.work_id and w.state = 'running' and w.attempt = f.attempt and w.owner = f.owner;
        plain := plain
            and not exists (
                select from unnest(request, streams) as n (request, stream_id)
                cross join lateral (
                    select t.type from turning_points t where t.stream_id = n.stream_id order by t.version desc limit 1
                ) as last
                where n.request = any(fence_request) and last.type <> 'JobRetried')
            -- nor does an earlier request end a job that a later one works for
            and not (types && endings and exists (
                select from unnest(request, streams, types) as e (r, stream_id, type)
                join unnest(request, streams) as n (r, stream_id) on n.stream_id = e.stream_id and n.r > e.r
                where e.type = any(endings) and n.r = any(fence_request)));
    end if;

    if plain then
        outcomes := array_fill('ok'::text, array[requests]);
        settles := array_fill(true, array[fences]);
        places := array(select head + n from generate_series(1, total) as n);
        lasts := array(
            select max(new.n)::integer from generate_series(1, requests) as r
            left join unnest(request) with ordinality as new (request, n) on new.request = r group by r order by r);
    else
        -- 2. Or one by one, each in the light of those before it.
        places := array_fill(null::bigint, array[total]);
        settles := array_fill(false, array[fences]);
        for r in 1..requests loop
            j := i;
            while j <= total and request[j] = r loop j := j + 1; end loop;
            fenced := f <= fences and fence_request[f] = r;
            held := not fenced or (not fence_work[f] = any(settled) and exists (
                select from work w
                where w.id = fence_work[f] and w.state = 'running'
                  and w.attempt = fence_attempt[f] and w.owner = fence_owner[f]));
            verdict := 'ok';
            actual[r] := null;
            firsts[r] := i;
            lasts[r] := nullif(j - 1, i - 1);

            if fenced and not coalesce(
                settle[f] in ('done', 'ready', 'waiting', 'dead', 'cancelled') and delay[f] >= 0 and delay[f] < 1e9, false
            ) then
                verdict := 'invalid';
            end if;
            for k in i..j - 1 loop
                exit when verdict = 'invalid';
                if event_ids[k] = any(event_ids[i:k - 1])
                   or not is_storable(datas[k]) or not is_storable(metadatas[k]) then
                    verdict := 'invalid';
                end if;
            end loop;
            -- a repetition is harmless, also when its work row was settled with the first
            if verdict = 'ok' and (written_ids && event_ids[i:j - 1] or exists (
                select from events e where e.event_id = any(event_ids[i:j - 1])
            )) then
                verdict := 'duplicate';
            end if;
            if verdict = 'ok' and not held then verdict := 'fenced'; end if;
            for k in i..j - 1 loop
                exit when verdict <> 'ok';
                continue when expected[k] is null;
                select e.version into stream_version
                from events e where e.stream_id = streams[k] order by e.version desc limit 1;
                stream_version := coalesce(stream_version, 0)
                    + cardinality(array_positions(written_streams, streams[k]));
                if stream_version <> expected[k] then
                    verdict := 'conflict';
                    actual[r] := stream_version;
                end if;
            end loop;

            for k in i..j - 1 loop
                exit when verdict <> 'ok' or not fenced;
                select w.type <> 'JobRetried' into ended
                from unnest(written_streams, written_types) with ordinality as w (stream_id, type, n)
                where w.stream_id = streams[k] and w.type = any(endings || 'JobRetried'::text)
                order by w.n desc limit 1;
                if coalesce(ended, job_has_ended(streams[k])) then
                    verdict := 'conflict';
                    select max(e.version) into stream_version from events e where e.stream_id = streams[k];
                    actual[r] := coalesce(stream_version, 0)
                        + cardinality(array_positions(written_streams, streams[k]));
                end if;
            end loop;

            if verdict = 'ok' then
                for k in i..j - 1 loop
                    places[k] := head + cardinality(written_ids) + 1;
                    written_ids := written_ids || event_ids[k];
                    written_streams := written_streams || streams[k];
                    written_types := written_types || types[k];
                end loop;
            end if;
            if fenced then
                settles[f] := held and verdict in ('ok', 'duplicate');
                if settles[f] then settled := settled || fence_work[f]; end if;
                f := f + 1;
            end if;
            outcomes[r] := verdict;
            i := j;
        end loop;
    end if;

    -- 3. Write what was granted.
    with written as (
        insert into events (position, event_id, stream_id, version, type, schema_version,
                            data, metadata, recorded_at, hash)
        select new.position, new.event_id, new.stream_id, new.version, new.type, new.schema_version,
               new.data::json, new.metadata::json, at,
               chain(new.previous,
                     new.position || E'\n' || new.event_id || E'\n' || new.stream_id || E'\n' || new.version || E'\n'
                     || new.type || E'\n' || new.schema_version || E'\n' || microseconds || E'\n'
                     || new.data || E'\n' || new.metadata)
                   over (partition by new.stream_id order by new.position)
        from (
            select n.*, last.hash as previous,
                   (coalesce(last.version, 0) + row_number() over (partition by n.stream_id order by n.position))::integer
                   as version
            from unnest(places, event_ids, streams, types, schema_versions, datas, metadatas)
                 as n (position, event_id, stream_id, type, schema_version, data, metadata)
            left join lateral (
                select e.version, e.hash from events e where e.stream_id = n.stream_id order by e.version desc limit 1
            ) as last on true
            where n.position is not null
        ) as new
        returning position, version
    )
    select array_agg(w.version order by w.position) into versions from written w;
    if fences > 0 then
        update work w
        set state = case when f.settle = 'ready' and f.delay > 0 then 'waiting' else f.settle end,
            owner = null, lease_until = null,
            settled_at = case when f.settle in ('ready', 'waiting') then null else now() end,
            run_at = now() + make_interval(secs => f.delay)
        from unnest(fence_work, settle, delay, settles) as f (work_id, settle, delay, settles)
        where w.id = f.work_id and f.settles;
    end if;
    if versions is not null then
        perform pg_notify('narratix_events', (head + cardinality(versions))::text);
    end if;

    -- 4. Answer each.
    return query
    select o.outcome,
           case o.outcome when 'ok' then places[o.last] else stands.position end,
           case o.outcome when 'ok' then versions[places[o.last] - head] when 'conflict' then o.actual
                else stands.version end
    from unnest(outcomes, actual, firsts, lasts) with ordinality as o (outcome, actual, first, last, r)
    left join lateral (
        select max(e.position) as position, max(e.version) as version from events e
        where o.outcome = 'duplicate' and e.event_id = any(event_ids[o.first:o.last])
    ) as stands on true
    order by o.r;
end
$$;

revoke execute on function append_many from public;
