-- Who may read a plant's part: a role of the database each, so that nobody can say to be another. Hubs get a policy of
-- their own when their role is named to `lineshaft migrate`; the owner sees everything.

create table reader (
  role name not null,
  plant text not null,
  primary key (role, plant)
);

alter table reader enable row level security;
alter table system enable row level security;
alter table message enable row level security;
alter table delivery enable row level security;
alter table attempt enable row level security;
alter table duplicate enable row level security;
alter table refusal enable row level security;
alter table audit enable row level security;

create policy plant on reader for select using (role = current_user);
create policy plant on system for select using (plant in (select r.plant from reader r));
-- The subqueries run as the reader, so the policies of the tables they name hold there too.
create policy plant on message for select using (source in (select s.name from system s));
create policy plant on delivery for select using (
  system in (select s.id from system s) or exists (select from message m where m.id = delivery.id / 4096));
create policy plant on attempt for select using (exists (select from delivery d where d.id = attempt.delivery));
create policy plant on duplicate for select using (exists (select from message m where m.id = duplicate.message));
create policy plant on refusal for select using (source in (select s.name from system s));
create policy plant on audit for select using (
  exists (select from delivery d where d.id = audit.delivery)
  or audit.delivery is null and exists (select from message m where m.id = audit.message));
