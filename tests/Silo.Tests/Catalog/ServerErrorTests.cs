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
