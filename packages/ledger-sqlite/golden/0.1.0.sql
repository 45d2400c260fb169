-- A ledger, as the release named by this file wrote it. Do not change it: the next release has to read it.
pragma application_id = 1280526420;
pragma user_version = 2;
begin;
CREATE TABLE setting (
  name text primary key,
  value text not null
) without rowid;
CREATE TABLE system (
  id integer primary key,
  name text not null unique
, plant text);
CREATE TABLE route (
  id integer primary key check (id < 4096),
  flow text not null,
  system integer not null references system (id),
  operation text not null,
  unique (flow, system, operation)
);
CREATE TABLE message (
  id integer primary key,
  source text not null,
  source_id text not null,
  contract text not null,
  object text not null,
  key text not null,
  version text,
  event_time integer not null,
  received_time integer not null,
  link integer not null,
  digest blob not null,
  origin text,
  trace text,
  canonical text,
  received any
);
CREATE TABLE delivery (
  id integer primary key,
  route integer not null,
  system integer not null,
  state text not null check (state in
    ('pending', 'sending', 'checking', 'parked', 'done', 'dropped', 'superseded', 'suppressed')),
  -- 1 until the state is final. A column of its own, because an index that speaks of `state` is rewritten at each step.
  open integer not null default 1,
  since integer not null,
  due_at integer not null,
  attempts integer not null default 0,
  tries integer not null default 0,
  crashes integer not null default 0,
  receipt text,
  parking text,
  edited text
);
CREATE TABLE attempt (
  id integer primary key,
  delivery integer not null,
  kind text not null,
  started_at integer not null,
  ended_at integer not null,
  outcome text not null,
  link integer not null,
  receipt text,
  message text,
  request text,
  response text
);
CREATE TABLE duplicate (
  id integer primary key,
  message integer not null,
  received_time integer not null,
  differs integer not null,
  received blob,
  link integer not null
);
CREATE TABLE refusal (
  id integer primary key,
  source text not null,
  source_id text,
  contract text not null,
  received_time integer not null,
  received blob not null,
  received_bytes integer not null,
  findings text not null,
  origin text,
  link integer not null
);
CREATE TABLE audit (
  id integer primary key,
  at integer not null,
  who text not null,
  act text not null,
  message integer,
  delivery integer,
  why text not null,
  detail text,
  link integer not null
);
CREATE TABLE link (
  id integer primary key,
  at integer not null,
  rows integer not null,
  hash blob not null
);
CREATE TABLE latest (
  contract text not null,
  object text not null,
  source text not null,
  version text not null,
  message integer not null,
  primary key (contract, object, source)
) without rowid;
CREATE TABLE lane (
  lane integer primary key,
  worker text,
  fence integer not null,
  lease_until integer not null
);
CREATE TABLE counter (
  name text primary key,
  count integer not null
) without rowid;
CREATE TABLE identity (
  kind text not null,
  object text not null,
  system text not null,
  external text not null,
  learned_at integer not null,
  origin text not null,
  primary key (kind, object, system)
) without rowid;
CREATE TABLE source_cursor (
  name text primary key,
  value text not null
) without rowid;
CREATE UNIQUE INDEX message_source on message (source, source_id);
CREATE INDEX message_key on message (key);
CREATE INDEX message_object on message (object) where object <> key;
CREATE INDEX delivery_open on delivery (system, id) where open = 1;
CREATE INDEX delivery_parked on delivery (id) where parking is not null;
CREATE INDEX attempt_delivery on attempt (delivery);
CREATE INDEX duplicate_message on duplicate (message);
CREATE UNIQUE INDEX identity_external on identity (kind, system, external);
insert into "setting" values ('id', 'ok64poxd');
insert into "system" values (1, 'mes', 'hamburg');
insert into "system" values (2, 'odoo', 'hamburg');
insert into "system" values (3, 's4', NULL);
insert into "route" values (1, 'notes', 2, 'apply');
insert into "route" values (2, 'notes', 3, 'post');
insert into "route" values (3, 'later', 3, 'post');
insert into "message" values (1, 'mes', 'done', 'note.v1', 'done', 'done', NULL, 500, 1000, 1, X'C0834BB5E0D70A0B159FF97C40F2593562F4D72E50A583A78D9E33EA24AB6583', NULL, NULL, NULL, '{"id":"done","key":"done"}');
insert into "message" values (2, 'mes', 'sending', 'note.v1', 'sending', 'sending', NULL, 500, 1000, 1, X'003F1C57881C7A91F3224D658FD8A6569013C96EBE6349462D708D58BC86BD46', NULL, NULL, NULL, '{"id":"sending","key":"sending"}');
insert into "message" values (3, 'mes', 'checking', 'note.v1', 'checking', 'checking', NULL, 500, 1000, 1, X'186481410F5E33C145B87EA1A98D904A15D995CA967B64111005E37671CCC0E8', NULL, NULL, NULL, '{"id":"checking","key":"checking"}');
insert into "message" values (4, 'mes', 'parked', 'note.v1', 'parked', 'parked', NULL, 500, 1000, 1, X'E735581AB6B399FB30D0B674D0E4A6756DD0C851CB8F57E8BB27AA887C216B2A', NULL, NULL, NULL, '{"id":"parked","key":"parked"}');
insert into "message" values (5, 'mes', 'edited', 'note.v1', 'edited', 'edited', NULL, 500, 1000, 1, X'93E265082A67285A2DD620DC958438CF86D4056DFCB5F05D40524B7C4F047EF6', NULL, NULL, NULL, '{"id":"edited","key":"edited"}');
insert into "message" values (6, 'mes', 'confirmed', 'note.v1', 'confirmed', 'confirmed', NULL, 500, 1000, 1, X'6417F8BF1520E2E7D2BD95C6D06EDCA0A5734CF5DD5AE13B11A019436FD84BDE', NULL, NULL, NULL, '{"id":"confirmed","key":"confirmed"}');
insert into "message" values (7, 'mes', 'dropped', 'note.v1', 'dropped', 'dropped', NULL, 500, 1000, 1, X'40D4177FC39AB77ABB380E7E0BCB5942BE8C69C5D139C9511E7E53A42CEBE7CE', NULL, NULL, NULL, '{"id":"dropped","key":"dropped"}');
insert into "message" values (8, 'mes', 'pending', 'note.v1', 'pending', 'pending', NULL, 500, 1000, 1, X'1D1A8672666DDFE14D80A141FE1B6D8E8390E50FAF8CFD9B8924023A4328014F', NULL, NULL, NULL, '{"id":"pending","key":"pending"}');
insert into "message" values (9, 'mes', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), 'note.v1', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), NULL, 500, 1000, 1, X'77D775FAF5EA3F2EA3237482F59E3F909D840A55CF8AA1EE742D804DD4E0B2D1', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), 't-1', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), X'00FF01');
insert into "message" values (10, 'mes', 'level 9', 'level.v1', 'tank', 'tank', '9', 500, 1000, 1, X'33AD8756718352D38ED6B036339F367658A6EC1EA6C5599D0E319761DED06064', NULL, NULL, '{"v":"9"}', '{"id":"level 9","key":"tank"}');
insert into "message" values (11, 'mes', 'level 8', 'level.v1', 'tank', 'tank', '8', 500, 1000, 1, X'9E720787DD43F16DB90E7B258C68A33CED26222A8C5A340A4943841AB1C0CB89', NULL, NULL, '{"v":"8"}', '{"id":"level 8","key":"tank"}');
insert into "message" values (12, 'mes', 'level 10', 'level.v1', 'tank', 'tank', '10', 500, 1000, 1, X'8548EB7C0736BC45556430838F7DD90537758E99CBDC9026DC4077CE3F316E04', NULL, NULL, '{"v":"10"}', '{"id":"level 10","key":"tank"}');
insert into "delivery" values (4097, 1, 2, 'done', 0, 1200, 0, 1, 0, 0, cast(x'72206F6464200020EDA080201A3030303020F09F8FAD' as text), NULL, NULL);
insert into "delivery" values (4098, 2, 3, 'pending', 1, 1200, 9000, 0, 3, 0, NULL, NULL, NULL);
insert into "delivery" values (4099, 3, 3, 'pending', 1, 1300, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (8193, 1, 2, 'sending', 1, 1200, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (8194, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (12289, 1, 2, 'checking', 1, 1200, 5000, 1, 2, 1, NULL, NULL, NULL);
insert into "delivery" values (12290, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (16385, 1, 2, 'parked', 1, 1200, 0, 1, 0, 0, NULL, '{"reason":"rejected","message":"No such order. odd \u0000 \ud800 \u001a0000 🏭","next":"Correct it.","owner":"ana"}', NULL);
insert into "delivery" values (16386, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (20481, 1, 2, 'pending', 1, 1300, 0, 1, 0, 0, NULL, NULL, cast(x'7B22636F72726563746564223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text));
insert into "delivery" values (20482, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (24577, 1, 2, 'done', 0, 1300, 0, 1, 0, 0, 'by hand', NULL, NULL);
insert into "delivery" values (24578, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (28673, 1, 2, 'dropped', 0, 1300, 0, 1, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (28674, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (32769, 1, 2, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (32770, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (36865, 1, 2, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (36866, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (40961, 1, 2, 'superseded', 0, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (40962, 2, 3, 'superseded', 0, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (45057, 1, 2, 'suppressed', 0, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (45058, 2, 3, 'suppressed', 0, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (49153, 1, 2, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "delivery" values (49154, 2, 3, 'pending', 1, 1000, 0, 0, 0, 0, NULL, NULL, NULL);
insert into "attempt" values (1, 4097, 'send', 1150, 1200, 'done', 3, cast(x'72206F6464200020EFBFBD201A3030303020F09F8FAD' as text), NULL, cast(x'7B2276223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text), NULL);
insert into "attempt" values (2, 12289, 'send', 1150, 1200, 'uncertain', 3, NULL, 'No answer.', cast(x'7B2276223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text), NULL);
insert into "attempt" values (3, 16385, 'send', 1150, 1200, 'rejected', 3, NULL, NULL, cast(x'7B2276223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text), NULL);
insert into "attempt" values (4, 20481, 'send', 1150, 1200, 'rejected', 3, NULL, NULL, cast(x'7B2276223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text), NULL);
insert into "attempt" values (5, 24577, 'send', 1150, 1200, 'rejected', 3, NULL, NULL, cast(x'7B2276223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text), NULL);
insert into "attempt" values (6, 28673, 'send', 1150, 1200, 'rejected', 3, NULL, NULL, cast(x'7B2276223A226F6464200020EFBFBD201A3030303020F09F8FAD227D' as text), NULL);
insert into "duplicate" values (1, 1, 1099, 0, NULL, 2);
insert into "duplicate" values (2, 1, 1100, 1, X'6F74686572', 2);
insert into "refusal" values (1, 'mes', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), 'note.v1', 999, X'FF00', 70000, '[{"field":"odd \u0000 \ud800 \u001a0000 🏭","rule":"schema.required","fix":"Send it."}]', 'terminal 3', 1);
insert into "audit" values (1, 1300, 'ana', 'edit', 5, 20481, cast(x'62656361757365206F6464200020EFBFBD201A3030303020F09F8FAD' as text), '["odd \u0000 \ud800 \u001a0000 🏭"]', 4);
insert into "audit" values (2, 1300, 'ana', 'confirm', 6, 24577, cast(x'62656361757365206F6464200020EFBFBD201A3030303020F09F8FAD' as text), '{"receipt":"by hand"}', 5);
insert into "audit" values (3, 1300, 'ana', 'drop', 7, 28673, cast(x'62656361757365206F6464200020EFBFBD201A3030303020F09F8FAD' as text), NULL, 6);
insert into "audit" values (4, 1300, 'ana', 'create', 1, 4099, cast(x'62656361757365206F6464200020EFBFBD201A3030303020F09F8FAD' as text), NULL, 7);
insert into "link" values (1, 1000, 13, X'9ABBB9AE7BCD832145F906350195D3123072DB54B3579CCF8725531454BF7799');
insert into "link" values (2, 1100, 2, X'901A8F8DC18610176B4EFA0AE9C81855091BEAC28AEC04AC1F4C754DBD92E2D2');
insert into "link" values (3, 1200, 6, X'1815C87F56D97A69E69F8313A9EA7170667697664542B223A6F6C25BA798016E');
insert into "link" values (4, 1300, 1, X'D8CA35E8F41DD746895CDDAB56A4D6E6AA52A6A7328E44A7F6A75973A6C4C354');
insert into "link" values (5, 1300, 1, X'B5BDC09CF958FA9614DF26EE50D0C987B6618CFD7C23EDB500FAB5F8DAF0F853');
insert into "link" values (6, 1300, 1, X'E7E13E7EEDB8986EE65349BF2D9483427E4A2B07D136C847029F07CBFAB574E9');
insert into "link" values (7, 1300, 1, X'88C111379F92AFE0138575FBEDA560DCE8B6DEEDF73339DC303686F38B12633E');
insert into "latest" values ('level.v1', 'tank', 'mes', '10', 12);
insert into "lane" values (0, NULL, 2, 0);
insert into "lane" values (1, NULL, 2, 0);
insert into "lane" values (2, NULL, 2, 0);
insert into "lane" values (3, NULL, 2, 0);
insert into "lane" values (4, NULL, 2, 0);
insert into "lane" values (5, NULL, 2, 0);
insert into "lane" values (6, NULL, 2, 0);
insert into "lane" values (7, NULL, 2, 0);
insert into "lane" values (8, NULL, 2, 0);
insert into "lane" values (9, NULL, 2, 0);
insert into "lane" values (10, NULL, 2, 0);
insert into "lane" values (11, NULL, 2, 0);
insert into "lane" values (12, NULL, 2, 0);
insert into "lane" values (13, NULL, 2, 0);
insert into "lane" values (14, NULL, 2, 0);
insert into "lane" values (15, NULL, 2, 0);
insert into "lane" values (16, NULL, 2, 0);
insert into "lane" values (17, NULL, 2, 0);
insert into "lane" values (18, NULL, 2, 0);
insert into "lane" values (19, NULL, 2, 0);
insert into "lane" values (20, NULL, 2, 0);
insert into "lane" values (21, NULL, 2, 0);
insert into "lane" values (22, NULL, 2, 0);
insert into "lane" values (23, NULL, 2, 0);
insert into "lane" values (24, NULL, 2, 0);
insert into "lane" values (25, NULL, 2, 0);
insert into "lane" values (26, NULL, 2, 0);
insert into "lane" values (27, NULL, 2, 0);
insert into "lane" values (28, NULL, 2, 0);
insert into "lane" values (29, NULL, 2, 0);
insert into "lane" values (30, NULL, 2, 0);
insert into "lane" values (31, NULL, 2, 0);
insert into "lane" values (32, NULL, 2, 0);
insert into "lane" values (33, NULL, 2, 0);
insert into "lane" values (34, NULL, 2, 0);
insert into "lane" values (35, NULL, 2, 0);
insert into "lane" values (36, NULL, 2, 0);
insert into "lane" values (37, NULL, 2, 0);
insert into "lane" values (38, NULL, 2, 0);
insert into "lane" values (39, NULL, 2, 0);
insert into "lane" values (40, NULL, 2, 0);
insert into "lane" values (41, NULL, 2, 0);
insert into "lane" values (42, NULL, 2, 0);
insert into "lane" values (43, NULL, 2, 0);
insert into "lane" values (44, NULL, 2, 0);
insert into "lane" values (45, NULL, 2, 0);
insert into "lane" values (46, NULL, 2, 0);
insert into "lane" values (47, NULL, 2, 0);
insert into "lane" values (48, NULL, 2, 0);
insert into "lane" values (49, NULL, 2, 0);
insert into "lane" values (50, NULL, 2, 0);
insert into "lane" values (51, NULL, 2, 0);
insert into "lane" values (52, NULL, 2, 0);
insert into "lane" values (53, NULL, 2, 0);
insert into "lane" values (54, NULL, 2, 0);
insert into "lane" values (55, NULL, 2, 0);
insert into "lane" values (56, NULL, 2, 0);
insert into "lane" values (57, NULL, 2, 0);
insert into "lane" values (58, NULL, 2, 0);
insert into "lane" values (59, NULL, 2, 0);
insert into "lane" values (60, NULL, 2, 0);
insert into "lane" values (61, NULL, 2, 0);
insert into "lane" values (62, NULL, 2, 0);
insert into "lane" values (63, NULL, 2, 0);
insert into "counter" values ('1:checking', 1);
insert into "counter" values ('1:done', 2);
insert into "counter" values ('1:dropped', 1);
insert into "counter" values ('1:parked', 1);
insert into "counter" values ('1:pending', 4);
insert into "counter" values ('1:sending', 1);
insert into "counter" values ('1:superseded', 1);
insert into "counter" values ('1:suppressed', 1);
insert into "counter" values ('2:pending', 10);
insert into "counter" values ('2:superseded', 1);
insert into "counter" values ('2:suppressed', 1);
insert into "counter" values ('3:pending', 1);
insert into "counter" values ('attempts', 6);
insert into "counter" values ('duplicates', 2);
insert into "counter" values ('messages', 12);
insert into "counter" values ('refusals', 1);
insert into "identity" values ('product', 'B-1', 'odoo', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text), 1000, 'ana');
insert into "source_cursor" values ('odoo/orders', cast(x'6F6464200020EFBFBD201A3030303020F09F8FAD' as text));
commit;
