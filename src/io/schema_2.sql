-- Version 2: what a session earned and cost, and the rule behind a decision.
-- Amounts are millionths of their currency; a session from before has none.

ALTER TABLE session ADD COLUMN tariff TEXT;
ALTER TABLE session ADD COLUMN vat TEXT;
ALTER TABLE session ADD COLUMN currency TEXT;
ALTER TABLE session ADD COLUMN revenue_micros INTEGER;
ALTER TABLE session ADD COLUMN cost_currency TEXT;
ALTER TABLE session ADD COLUMN cost_micros INTEGER;
ALTER TABLE session ADD COLUMN bill_json TEXT;

ALTER TABLE decision ADD COLUMN rule TEXT;
