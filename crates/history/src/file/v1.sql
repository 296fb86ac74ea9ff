-- Who, to whom, what, and what became of it, as sekisho_flow::text::parts writes it; each once. Beside the text
-- stands what is looked for by index.
CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE,
    -- What keys of the same ends and traffic share; few others do.
    connection INTEGER NOT NULL,
    -- Of ends that are workloads.
    from_namespace TEXT,
    to_namespace TEXT,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX keys_by_connection ON keys (connection);
CREATE INDEX keys_by_from ON keys (from_namespace, outcome);
CREATE INDEX keys_by_to ON keys (to_namespace, outcome);
CREATE INDEX keys_by_outcome ON keys (outcome);

-- How often in a window of whole minutes. Moments are nanoseconds since 1970, windows seconds.
CREATE TABLE windows (
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    key INTEGER NOT NULL REFERENCES keys (id),
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (start, stop, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX windows_by_key ON windows (key, start);

-- How far each run of each node's agent was heard; the latest turn of a node is its present run.
CREATE TABLE cursors (
    node TEXT NOT NULL,
    boot TEXT NOT NULL,
    last INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    PRIMARY KEY (node, boot)
) STRICT, WITHOUT ROWID;

-- What nobody has a record of. Of what was not counted there is a row with no connections.
CREATE TABLE lost (
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    node TEXT NOT NULL,
    why TEXT NOT NULL,
    counted INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    PRIMARY KEY (start, stop, node, why, counted)
) STRICT, WITHOUT ROWID;

-- By how many nanoseconds at most something was seen before, or after, its window began: what
-- is looked for by time is looked for in windows.
CREATE TABLE skew (before INTEGER NOT NULL, after INTEGER NOT NULL) STRICT;
INSERT INTO skew VALUES (0, 0);
