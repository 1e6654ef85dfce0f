using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What is said of errors in the server section: the place, the field and what would be right.</summary>
public sealed class ServerErrorTests
{
    public static TheoryData<string, string, string> Cases => new()
    {
        {
            "server_unknown_field",
            """
            namespaces: {}
            server:
              grpc_lisen: 127.0.0.1:7070
            """,
            """3:3: server.grpc_lisen: unknown field; did you mean "grpc_listen"?"""
        },
        {
            "server_listen_no_port",
            """
            namespaces: {}
            server:
              grpc_listen: 127.0.0.1
            """,
            """3:16: server.grpc_listen: "127.0.0.1" is not an address with a port (examples: 127.0.0.1:7070, 0.0.0.0:7070, [::]:7070)"""
        },
        {
            "server_listen_port_large",
            """
            namespaces: {}
            server:
              grpc_listen: 127.0.0.1:65536
            """,
            """3:16: server.grpc_listen: "127.0.0.1:65536" is not an address with a port (examples: 127.0.0.1:7070, 0.0.0.0:7070, [::]:7070)"""
        },
        {
            "server_listen_name",
            """
            namespaces: {}
            server:
              http_listen: example.org:80
            """,
            """3:16: server.http_listen: "example.org:80" is not an address with a port (examples: 127.0.0.1:7070, 0.0.0.0:7070, [::]:7070)"""
        },
        {
            "server_listen_v6_no_brackets",
            """
            namespaces: {}
            server:
              http_listen: ::1:80
            """,
            """3:16: server.http_listen: "::1:80" is not an address with a port (examples: 127.0.0.1:7070, 0.0.0.0:7070, [::]:7070)"""
        },
        {
            "server_listen_twice",
            """
            namespaces: {}
            server:
              grpc_listen: 127.0.0.1:7070
              http_listen: 127.0.0.1:7070
            """,
            """4:16: server.http_listen: "127.0.0.1:7070" is the address of grpc_listen too"""
        },
        {
            "server_size_wrong",
            """
            namespaces: {}
            server:
              journal: { segment_bytes: 64MB }
            """,
            """3:29: server.journal.segment_bytes: "64MB" is not a size (examples: 4096, 64MiB, 4GiB)"""
        },
        {
            "server_segment_small",
            """
            namespaces: {}
            server:
              journal: { segment_bytes: 512KiB }
            """,
            "3:29: server.journal.segment_bytes: 512KiB is out of bounds: must be from 1MiB to 1GiB"
        },
        {
            "server_segment_uneven",
            """
            namespaces: {}
            server:
              journal: { segment_bytes: 1048577 }
            """,
            "3:29: server.journal.segment_bytes: 1048577 is not a multiple of 4096"
        },
        {
            "server_journal_small",
            """
            namespaces: {}
            server:
              journal: { segment_bytes: 64MiB, bytes_max: 100MiB }
            """,
            "3:47: server.journal.bytes_max: 100MiB is less than 3 segments of 64MiB"
        },
        {
            "server_journal_unknown",
            """
            namespaces: {}
            server:
              journal: { segments: 4 }
            """,
            "3:14: server.journal.segments: unknown field"
        },
        {
            "server_interval_short",
            """
            namespaces: {}
            server:
              checkpoint_interval: 1ms
            """,
            "3:24: server.checkpoint_interval: 1ms is out of bounds: must be from 100ms to 1h"
        },
        {
            "server_blocks",
            """
            namespaces: {}
            server:
              resident_blocks_max: 10
            """,
            "3:24: server.resident_blocks_max: 10 is out of bounds: must be from 1000 to 1000000000"
        },
        {
            "server_in_flight",
            """
            namespaces: {}
            server:
              in_flight_max: 0
            """,
            "3:18: server.in_flight_max: 0 is out of bounds: must be from 1 to 1000000"
        },
        {
            "server_connections",
            """
            namespaces: {}
            server:
              connections_max: 2000000
            """,
            "3:20: server.connections_max: 2000000 is out of bounds: must be from 1 to 1048576"
        },
        {
            "server_drain",
            """
            namespaces: {}
            server:
              drain_timeout: 1h
            """,
            "3:18: server.drain_timeout: 1h is out of bounds: must be from 0s to 10m"
        },
        {
            "server_directory_empty",
            """
            namespaces: {}
            server:
              data_directory: ""
            """,
            "3:19: server.data_directory: has no value"
        },
        {
            "silo_name",
            """
            namespaces: {}
            server:
              silo: Silo_1
            """,
            """3:9: server.silo: "Silo_1" is not a silo's name: must be 1 to 64 of a-z, 0-9, . and -"""
        },
        {
            "silo_name_long",
            """
            namespaces: {}
            server:
              silo: sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss
            """,
            """3:9: server.silo: "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss…" is not a silo's name: must be 1 to 64 of a-z, 0-9, . and -"""
        },
        {
            "advertise",
            """
            namespaces: {}
            server:
              advertise: silo-1
            """,
            """3:14: server.advertise: "silo-1" is not a host with a port (example: silo-1.example.org:7070)"""
        },
        {
            "executor",
            """
            namespaces: {}
            server:
              executor: share
            """,
            """3:13: server.executor: "share" is not one of local, shared, orleans; did you mean "shared"?"""
        },
        {
            "executor_without_store",
            """
            namespaces: {}
            server:
              executor: shared
            """,
            """3:3: server.store: is required by executor: shared"""
        },
        {
            "store_of_local",
            """
            namespaces: {}
            server:
              store: { dynamodb: {} }
            """,
            """3:10: server.store: has no effect with executor: local, which keeps everything in data_directory; remove one of the two"""
        },
        {
            "store_of_none",
            """
            namespaces: {}
            server:
              executor: orleans
              store: {}
            """,
            """4:10: server.store.dynamodb: is required (or postgresql)"""
        },
        {
            "two_stores",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: {}, postgresql: { connection: Host=a } }
            """,
            """4:38: server.store.postgresql: a cluster has one store, dynamodb or postgresql; remove one of the two"""
        },
        {
            "table",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { table: a! } }
            """,
            """4:31: server.store.dynamodb.table: "a!" is not a table's name: must be 3 to 255 of letters, digits, _ . and -"""
        },
        {
            "region",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { region: EU } }
            """,
            """4:32: server.store.dynamodb.region: "EU" is not a region (example: eu-central-1)"""
        },
        {
            "endpoint",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { endpoint: "ftp://a" } }
            """,
            """4:34: server.store.dynamodb.endpoint: "ftp://a" is not an http:// or https:// address (example: http://127.0.0.1:8000)"""
        },
        {
            "capacity",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { capacity: lots } }
            """,
            """4:34: server.store.dynamodb.capacity: must be on_demand or a mapping (example: { read: 100, write: 100 })"""
        },
        {
            "capacity_write",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { capacity: { read: 1 } } }
            """,
            """4:34: server.store.dynamodb.capacity.write: is required"""
        },
        {
            "store_timeout",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { timeout: 10ms } }
            """,
            """4:33: server.store.dynamodb.timeout: 10ms is out of bounds: must be from 100ms to 30s"""
        },
        {
            "store_start_timeout",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { start_timeout: 1h } }
            """,
            """4:39: server.store.dynamodb.start_timeout: 1h is out of bounds: must be from 0s to 10m"""
        },
        {
            "store_create",
            """
            namespaces: {}
            server:
              executor: shared
              store: { dynamodb: { create: maybe } }
            """,
            """4:32: server.store.dynamodb.create: "maybe" is not one of true, false"""
        },
        {
            "no_connection",
            """
            namespaces: {}
            server:
              executor: shared
              store: { postgresql: { schema: a } }
            """,
            """4:24: server.store.postgresql.connection: is required"""
        },
        {
            "schema",
            """
            namespaces: {}
            server:
              executor: shared
              store: { postgresql: { connection: Host=a, schema: 1a } }
            """,
            """4:54: server.store.postgresql.schema: "1a" is not a schema's name: must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit"""
        },
        {
            "store_connections",
            """
            namespaces: {}
            server:
              executor: shared
              store: { postgresql: { connection: Host=a, connections_max: 0 } }
            """,
            """4:63: server.store.postgresql.connections_max: 0 is out of bounds: must be from 1 to 1000"""
        },
        {
            "partitions_not_of_two",
            """
            namespaces: {}
            server:
              executor: orleans
              partitions: 1000
              store: { dynamodb: {} }
            """,
            """4:15: server.partitions: 1000 is not a power of two"""
        },
        {
            "partitions_few",
            """
            namespaces: {}
            server:
              executor: orleans
              partitions: 8
              store: { dynamodb: {} }
            """,
            """4:15: server.partitions: 8 is out of bounds: must be from 16 to 65536"""
        },
        {
            "partitions_of_shared",
            """
            namespaces: {}
            server:
              executor: shared
              partitions: 32
              store: { dynamodb: {} }
            """,
            """4:15: server.partitions: has no effect unless executor is orleans; remove it"""
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Says_where_and_what(string name, string yaml, string expected)
    {
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.False(result.IsValid, name);
        Assert.Equal("quota.yaml:" + expected, Assert.Single(result.Errors).ToString());
    }
}
