-- When each run of a node's agent was heard for the last time, by the node's clock, in nanoseconds since 1970. Of those that were
-- heard before this was noted it is taken to be when the last thing was seen on any node.
ALTER TABLE cursors ADD COLUMN heard INTEGER;
UPDATE cursors SET heard =
    (SELECT max(last) FROM windows WHERE start >= (SELECT max(start) FROM windows) - 3600);
