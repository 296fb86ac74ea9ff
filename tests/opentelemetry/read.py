"""Reads requests in OTLP's JSON, a line each, by the published messages, and says how many log records they have.

A field that the messages do not have, or a value of another type, is an error.
"""

import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

records = 0
for line in sys.stdin:
    request = json_format.Parse(line, ExportLogsServiceRequest())
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                records += 1
                assert record.time_unix_nano and record.event_name == "sekisho.flow", record
                for attribute in record.attributes:
                    assert attribute.value.WhichOneof("value"), attribute
print(records)
