-- The plant that a system belongs to; null: to no single one.
alter table system add column plant text;
