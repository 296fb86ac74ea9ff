CREATE TABLE IF NOT EXISTS {table} (
    day Date COMMENT 'by which the table is parted: the last day of the batch',
    kind LowCardinality(String) COMMENT 'flow; lost: what nobody has a record of; mark: how far a run of a node''s agent was heard',
    start Int64 COMMENT 'of the window, in seconds since 1970; whole minutes',
    stop Int64 COMMENT 'the first second after the window',
    key String COMMENT 'who, to whom, what and what became of it; of lost and mark the node and more',
    connection Int64 COMMENT 'a hash of who, to whom and what',
    from_namespace LowCardinality(String) COMMENT 'where the source is a workload',
    to_namespace LowCardinality(String) COMMENT 'where the destination is a workload',
    outcome LowCardinality(String) COMMENT 'allowed, denied or audited',
    count SimpleAggregateFunction(sum, UInt64) COMMENT 'of connections',
    first SimpleAggregateFunction(min, Int64) COMMENT 'when the first was seen, in nanoseconds since 1970',
    last SimpleAggregateFunction(max, Int64) COMMENT 'when the last was seen',
    nodes SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    nodes_more SimpleAggregateFunction(max, UInt8) COMMENT 'whether there were others',
    from_pods SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    from_pods_more SimpleAggregateFunction(max, UInt8),
    to_pods SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    to_pods_more SimpleAggregateFunction(max, UInt8),
    nearest SimpleAggregateFunction(groupUniqArrayArray, Array(String)) COMMENT 'rules that almost allowed it',
    number SimpleAggregateFunction(max, UInt64) COMMENT 'of a mark: up to which it was heard',
    before SimpleAggregateFunction(max, Int64) COMMENT 'of a mark: by how many nanoseconds at most something was seen before its window',
    after SimpleAggregateFunction(max, Int64) COMMENT 'of a mark: how long at most after its window began',
    written SimpleAggregateFunction(min, DateTime64(9, 'UTC')) DEFAULT now64(9, 'UTC'),
    INDEX connections connection TYPE bloom_filter GRANULARITY 1
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (kind, start, stop, key)
SETTINGS non_replicated_deduplication_window = 10000
