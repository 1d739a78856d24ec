-- Leases work to a worker. See narratix/claims.py for its caller.
--
-- ports[], slots[], limits[]: for each kind of port, how many pieces this worker takes at most, and how
--   many may run in all processes together (null: as many as there are takers).
-- claimant, seconds: who takes them, and for how long.
--
-- Within a lane the lowest priority number goes first. The lane's clock is the highest priority number that was ever begun;
-- new work queues up from there (narratix/router.py), so that every job in the queue gets its turn
-- (start-time fair queueing: Goyal, Vin and Cheng, 1996).
--
-- Its commit does not wait for the disk: a claim that a crash takes back is one that nobody may complete.
create function claim_work(
    ports text[], slots integer[], limits integer[], claimant text, seconds double precision
) returns table (
    id bigint, key text, job_id uuid, stage text, item text, uses text, version integer, attempt integer, attempts integer
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off  -- a plan made while the queue was short must do when it is long
set enable_bitmapscan = off
set enable_sort = off
as $$
#variable_conflict use_column
declare
    room integer;
    picked bigint[];
    furthest bigint;
begin
    perform set_config('synchronous_commit', 'off', true);
    -- what belonged to workers that fell silent, and what waited for its next attempt; a worker's death is no fault of
    -- the work and costs it no attempt, unless it comes again and again
    update work w set state = 'ready', owner = null, lease_until = null,
        attempts = w.attempts + case when w.attempt < 20 then 1 else 0 end
    where w.id = any(array(
        select lost.id from work lost where lost.state = 'running' and lost.lease_until < now()
        order by lost.lease_until limit 1000 for update skip locked));
    update work w set state = 'ready'
    where w.id = any(array(
        select due.id from work due where due.state = 'waiting' and due.run_at <= now()
        order by due.run_at limit 1000 for update skip locked));

    for n in 1..cardinality(ports) loop
        room := slots[n];
        if limits[n] is not null then
            -- whoever claims from a limited lane waits here for whoever else does, and counts after him
            insert into lanes (uses) values (ports[n]) on conflict do nothing;
            perform 1 from lanes l where l.uses = ports[n] for update;
            room := least(room, limits[n] - (
                select count(*) from work w where w.state = 'running' and w.uses = ports[n]));
        end if;
        continue when room <= 0;

        select array_agg(w.id), max(w.priority) into picked, furthest
        from (select r.id, r.priority from work r
              where r.uses = ports[n] and r.state = 'ready' and r.run_at <= now()
              order by r.priority, r.id limit room for update skip locked) w;
        continue when picked is null;

        return query
        update work w
        set state = 'running', attempt = w.attempt + 1, owner = claimant,
            lease_until = now() + make_interval(secs => seconds)
        where w.id = any(picked)
        returning w.id, w.key, w.job_id, w.stage, w.item, w.uses, w.version, w.attempt, w.attempts;

        insert into lanes as l (uses, clock) values (ports[n], furthest)
        on conflict (uses) do update set clock = excluded.clock where l.clock < excluded.clock;
    end loop;
end
$$;
